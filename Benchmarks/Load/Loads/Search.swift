// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPClient
import IMAPWire
import MailTypes
import Runtime

extension Load {
    /// What SEARCH looks for in the filled mailbox.
    private enum Looking: String {
        /// Rare words in the text; by sequence number.
        case text
        /// A flag; by UID, as the following.
        case flags
        /// Days on which messages arrived.
        case dates
        /// Days on which messages were sent, by their Date field.
        case sent

        func key(_ turn: Int, count: Int) -> SearchKey {
            let (first, end) = FilledMailbox.days(turn, count: count)
            let (since, before) = (CalendarDate(of: first), CalendarDate(of: end))
            return switch self {
            case .text: .text(Array(Messages.rareWord(word(turn)).utf8))
            case .flags: .flag(.flagged, isSet: true)
            case .dates: .and([.date(.internalDate, .since, since), .date(.internalDate, .before, before)])
            case .sent: .and([.date(.sent, .since, since), .date(.sent, .before, before)])
            }
        }

        func isWanted(_ number: Int, _ turn: Int, count: Int) -> Bool {
            let (first, end) = FilledMailbox.days(turn, count: count)
            let days = first.secondsSince1970..<end.secondsSince1970
            return switch self {
            case .text: number % Messages.rareWords == word(turn)
            case .flags: FilledMailbox.isFlagged(number)
            case .dates: days.contains(FilledMailbox.arrived(number).secondsSince1970)
            case .sent: days.contains(FilledMailbox.sent(number).secondsSince1970)
            }
        }

        private func word(_ turn: Int) -> Int { turn * 61 % Messages.rareWords }
    }

    /// Looks for messages of the filled mailbox; which are to be found is known.
    static func search(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        guard let looking = Looking(rawValue: options.word("by", "text")) else {
            throw LoadOptions.Missing(name: "--by text, flags, dates or sent")
        }
        let (session, count) = try await opened(target, readOnly: true, loop)
        let numbers: MessageNumbers = looking == .text ? .sequence : .uid
        let all = try await session.search(.all, numbers: numbers).sorted()
        guard all.count == count else { throw WrongAnswer("\(all.count) of \(count) messages found by ALL") }
        let result = try await asking(options, session) { turn in
            SearchCommand(looking.key(turn, count: count), numbers: numbers)
        } problem: { turn, answers in
            let wanted = (0..<count).filter { looking.isWanted($0, turn, count: count) }.map { all[$0] }
            guard let found = answers.found else { return "no result" }
            return found.sorted() == wanted ? nil : "\(found.count) messages found, not \(wanted.count)"
        }
        try await session.logOut()
        return result
    }

    /// Opens the filled mailbox, some times in one session.
    static func select(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let session = try await target.imap(target.user(0), loop)
        var tally = Tally()
        var elapsed = Duration.zero
        var wanted: UInt32?
        for _ in 0..<options.number("times", 1) {
            let began = ContinuousClock.now
            let opened = try await session.select("INBOX", readOnly: true)
            let duration = ContinuousClock.now - began
            elapsed += duration
            tally.note(duration)
            if opened.exists != wanted ?? opened.exists || opened.exists == 0 {
                tally.fail("\(opened.exists) messages")
            }
            wanted = opened.exists
            // So that the next one is no mere change of state.
            try await session.closeMailbox(expunging: true)
        }
        try await session.logOut()
        return LoadResult(tally: tally, seconds: elapsed.inSeconds, more: [("messages", .integer(Int64(wanted ?? 0)))])
    }
}
