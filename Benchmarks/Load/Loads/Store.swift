// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import MailTypes
import Runtime

extension Load {
    /// Sets a flag on every message of the filled mailbox and takes it away again; each answer is to have the new flags.
    static func store(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let (session, count) = try await opened(target, readOnly: false, loop)
        var tally = Tally()
        var elapsed = Duration.zero
        for _ in 0..<options.number("times", 1) {
            for mode in [StoreCommand.Mode.add, .remove] {
                let (took, answers) = try await ask(StoreCommand(set(1, nil), mode, answered), session)
                elapsed += took
                tally.note(took)
                tally.operations += count - 1
                let told = numbers(in: answers, withAnswered: mode == .add)
                if told != Set(1...UInt32(count)) { tally.fail("new flags of \(told.count) messages of \(count)") }
            }
        }
        try await session.logOut()
        return LoadResult(tally: tally, seconds: elapsed.inSeconds)
    }

    static let answered = FlagSet(system: .answered)

    private static func numbers(in answers: [Response], withAnswered: Bool) -> Set<UInt32> {
        var numbers: Set<UInt32> = []
        for case .fetch(let number, let values) in answers {
            for case .flags(let flags) in values where flags.contains("\\Answered") == withAnswered {
                numbers.insert(number.rawValue)
            }
        }
        return numbers
    }

    /// Removes nearly all messages of a copy of the filled mailbox; copying and marking are not measured.
    static func expunge(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        var tally = Tally()
        var elapsed = Duration.zero
        for _ in 0..<options.number("times", 1) {
            let (session, count) = try await opened(target, readOnly: true, loop)
            let copies = try await Copies(session, count)
            let (took, answers) = try await ask(ExpungeCommand(), session)
            elapsed += took
            tally.note(took)
            tally.operations += copies.marked - 1
            if let problem = copies.problem(answers) { tally.fail(problem) }
            try await Copies.remove(in: session)
            try await session.logOut()
        }
        return LoadResult(tally: tally, seconds: elapsed.inSeconds)
    }
}

/// A copy of the filled mailbox, selected, in which all but a few messages are marked as deleted.
struct Copies {
    private static let name = "Copies of a load"

    private let count: Int
    /// One in so many stays.
    private let step: Int
    var marked: Int { count - count / step }

    /// Makes it anew; the filled mailbox is selected in `session`.
    init(_ session: IMAPClientSession, _ count: Int) async throws {
        self.count = count
        step = max(10, count / 100)
        do throws(IMAPClientError) { try await session.delete(Self.name) } catch {
            // There may have been none.
            guard error.leavesSessionOpen else { throw error }
        }
        try await session.create(Self.name)
        try await session.copy(Load.set(1, nil), numbers: .sequence, to: Self.name)
        guard try await session.select(Self.name).exists == UInt32(count) else {
            throw Load.WrongAnswer("not all messages were copied")
        }
        let ranges = stride(from: 0, to: count, by: step).map { start in
            SequenceSet.Range(.value(UInt32(start + 1)), .value(UInt32(min(count, start + step - 1))))
        }
        let mark = StoreCommand(SequenceSet(ranges), .add, FlagSet(system: .deleted), isSilent: true)
        try await session.store(mark)
    }

    /// What is wrong with the answers to EXPUNGE.
    func problem(_ answers: [Response]) -> String? {
        var left = Array(1...count)
        for case .expunge(let number) in answers {
            let place = Int(number.rawValue) - 1
            guard left.indices.contains(place) else { return "EXPUNGE of \(number), of \(left.count)" }
            left.remove(at: place)
        }
        let wanted = (1...count).filter { $0.isMultiple(of: step) }
        return left == wanted ? nil : "\(left.count) messages are left, not \(wanted.count)"
    }

    /// Leaves and removes it, where it is selected.
    static func remove(in session: IMAPClientSession) async throws {
        try await session.closeMailbox(expunging: false)
        try await session.delete(name)
    }
}
