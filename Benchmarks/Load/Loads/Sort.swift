// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import Runtime

extension Load {
    private static let charset = Array("UTF-8".utf8)

    /// Has the filled mailbox put in order; which order is right is known.
    static func sort(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let by = options.word("by", "date")
        guard let key = SortCriterion.Key(rawValue: by.uppercased()), key == .date || key == .subject else {
            throw LoadOptions.Missing(name: "--by date or subject")
        }
        let (session, count) = try await opened(target, readOnly: true, loop)
        let wanted = key == .date ? FilledMailbox.byDate(count) : FilledMailbox.bySubject(count)
        let result = try await asking(options, session) { _ in
            SortCommand([SortCriterion(key)], .all, charset: charset)
        } problem: { _, answers in
            for case .sort(let numbers, _) in answers {
                return numbers == wanted ? nil : "\(numbers.count) messages in another order than that of \(count)"
            }
            return "no result"
        }
        try await session.logOut()
        return result
    }

    /// Has the messages of the filled mailbox joined to conversations; which are right is known.
    static func thread(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let by = options.word("by", "references")
        guard let algorithm = ThreadCommand.Algorithm(rawValue: by.uppercased()) else {
            throw LoadOptions.Missing(name: "--by references or orderedsubject")
        }
        let (session, count) = try await opened(target, readOnly: true, loop)
        let wanted = FilledMailbox.threads(algorithm, count: count)
        let result = try await asking(options, session) { _ in
            ThreadCommand(algorithm, .all, charset: charset)
        } problem: { _, answers in
            for case .thread(let forest) in answers {
                return forest.text == wanted ? nil : "other threads than those of \(count) messages"
            }
            return "no result"
        }
        try await session.logOut()
        return result
    }
}
