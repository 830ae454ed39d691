// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IMAPWire
internal import MailStore

/// One SEARCH at work: message after message, what is in memory first, octets only where the answer hangs on them.
struct SearchRun {
    private let session: IMAPSession
    private let criterion: SearchCriterion

    init(_ session: IMAPSession, _ key: SearchKey) throws {
        self.session = session
        criterion = SearchCriterion(key, in: try session.selected(), now: Int64(time(nil)))
    }

    /// Indices of the messages that match, ascending.
    ///
    /// A message whose octets are lost, and may not be shown filled, does not match what asks for them.
    func run() async throws -> [Int] {
        var found: [Int] = []
        let count = session.view?.messages.count ?? 0
        for index in 0..<count {
            guard let entry = session.view?.message(at: index) else { break }
            var message = SearchMessage(session: session, entry: entry)
            do {
                if try await matches(criterion, index, &message) { found.append(index) }
            } catch let error as MailStoreError where error.code == .damaged {
                continue
            }
            if index.isMultiple(of: 1000) { await Task.yield() }
        }
        return found
    }

    private func matches(
        _ criterion: SearchCriterion,
        _ index: Int,
        _ message: inout SearchMessage
    ) async throws -> Bool {
        switch criterion {
        case .all(let inner):
            for criterion in inner where try await !matches(criterion, index, &message) { return false }
            return true
        case .any(let inner):
            for criterion in inner where try await matches(criterion, index, &message) { return true }
            return false
        case .not(let inner): return try await !matches(inner, index, &message)
        case .constant(let value): return value
        case .entry(let isMatch): return isMatch(index, message.entry)
        case .sent(let comparison, let day):
            return try await message.sentDate().map { comparison.holds($0, day) } ?? false
        case .header(let name, let value): return try await message.hasHeader(name, value)
        case .body(let value): return try await message.hasBody(value)
        case .text(let value): return try await message.hasText(value)
        }
    }
}
