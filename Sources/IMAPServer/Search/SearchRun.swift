// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// One SEARCH at work: what is in memory first, then dates from the headers, and texts only of those messages whose
/// answer hangs on them.
struct SearchRun {
    private let session: IMAPSession
    private let criterion: SearchCriterion
    private let mailbox: MailboxID
    private let account: any MailAccount
    private let messages: MessageTable

    /// `view`: of the mailbox to be searched, whether it is selected or not.
    init(_ session: IMAPSession, _ key: SearchKey, in view: MailboxView) {
        self.session = session
        criterion = SearchCriterion(key, in: view, now: Int64(time(nil)))
        mailbox = view.id
        account = view.account
        messages = view.messages
    }

    /// Indices of the messages that match, ascending; of all, or of those at `places`.
    ///
    /// Ends early when the client is gone.
    func run(at places: [Int]? = nil) async throws -> [Int] {
        var (found, open) = if let places { await decide(places) } else { await decide(0..<messages.count) }
        var query = criterion.query
        if !criterion.sentTests.isEmpty, !open.isEmpty {
            let dates = try await sentDates(&open, &found)
            query = query.replacing { term in
                guard let test = criterion.sentTest(term) else { return .term(term) }
                let (comparison, day) = (test.comparison, test.day)
                return .known { place in dates[place].map { comparison.holds($0, day) } ?? false }
            }
        }
        if !open.isEmpty {
            let (account, messages, left) = (account, messages, open)
            let search = TextSearch(criterion.terms, query)
            found += try await session.waiting { isWanted in
                try await account.search(messages, at: left, for: search, while: isWanted)
            }
        }
        return found.sorted()
    }

    /// What can be said without reading: who matches, and of whom more must be known.
    private func decide(_ places: some Collection<Int>) async -> (found: [Int], open: [Int]) {
        var (found, open): ([Int], [Int]) = ([], [])
        for index in places {
            switch criterion.query.value(at: index, { _ in nil }) {
            case .some(true): found.append(index)
            case .some(false): break
            case nil: open.append(index)
            }
            if index.isMultiple(of: 256) { await session.giveWay() }
        }
        return (found, open)
    }

    /// Dates of the messages that are open, which are then told anew who is open and who matches.
    ///
    /// A message whose header is lost, and may not be shown filled, has none.
    private func sentDates(
        _ open: inout [Int],
        _ found: inout [Int]
    ) async throws -> [Int: CalendarDate] {
        var dates: [Int: CalendarDate] = [:]
        var left: [Int] = []
        guard let column = try await session.columns([.sent], of: messages, at: open, in: mailbox, of: account).first
        else { return dates }
        let rows = column.rows(of: open.lazy.map { [messages] in messages[$0].uid })
        for (count, (index, row)) in zip(open, rows).enumerated() {
            if count.isMultiple(of: 256) { await session.giveWay() }
            let date = column.date(row).map { CalendarDate(of: $0) }
            let value = criterion.query.value(at: index) { criterion.sentTest($0)?.holds(date) }
            if value == true { found.append(index) }
            guard value == nil else { continue }
            dates[index] = date
            left.append(index)
        }
        open = left
        return dates
    }
}
