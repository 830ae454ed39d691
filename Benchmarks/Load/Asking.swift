// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import MailTypes
import Runtime

/// Asking without this side's reading being measured.
extension Load {
    /// What a command was answered, and how long that took; the answers are read when the clock has stopped.
    ///
    /// - Throws: when it is refused, and when an answer is none.
    static func ask(
        _ command: some IMAPCommand,
        _ session: IMAPClientSession
    ) async throws -> (took: Duration, answers: [Response]) {
        var frames: [[UInt8]] = []
        let began = ContinuousClock.now
        _ = try await session.performRaw(command) { frames.append($0) }
        let took = ContinuousClock.now - began
        return (took, try frames.map { try ResponseParser.parse($0, takesExtensions: true) })
    }

    /// Asks the same some times, and holds each answer against what is wanted.
    ///
    /// - Parameter problem: what is wrong with the answers of a turn; `nil` when nothing is.
    static func asking<Command: IMAPCommand>(
        _ options: LoadOptions,
        _ session: IMAPClientSession,
        _ command: (Int) throws -> Command,
        problem: (Int, [Response]) throws -> String?
    ) async throws -> LoadResult {
        var tally = Tally()
        var elapsed = Duration.zero
        for turn in 0..<options.number("times", 1) {
            let (took, answers) = try await ask(command(turn), session)
            elapsed += took
            tally.note(took)
            if let problem = try problem(turn, answers) { tally.fail(problem) }
        }
        return LoadResult(tally: tally, seconds: elapsed.inSeconds)
    }

    /// A session of the first user in INBOX, and how many messages are there: at least one.
    static func opened(
        _ target: Target,
        readOnly: Bool,
        _ loop: EventLoop
    ) async throws -> (session: IMAPClientSession, count: Int) {
        let session = try await target.imap(target.user(0), loop)
        let count = Int(try await session.select("INBOX", readOnly: readOnly).exists)
        guard count > 0 else { throw WrongAnswer("the mailbox is empty") }
        return (session, count)
    }
}

extension [Response] {
    /// What a SEARCH found, in either form; `nil` when no result came.
    var found: [UInt32]? {
        var found: [UInt32]?
        for response in self {
            switch response {
            case .search(let numbers, _): found = (found ?? []) + numbers
            case .esearch(let result): found = (found ?? []) + result.items.flatMap { $0.numbers }
            default: break
            }
        }
        return found
    }
}

extension ESearchResponse.Item {
    fileprivate var numbers: [UInt32] {
        guard case .all(let numbers) = self else { return [] }
        return numbers.ranges.flatMap { Array($0) }
    }
}
