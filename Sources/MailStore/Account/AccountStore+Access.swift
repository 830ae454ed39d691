// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountStore {
    package func accessList(of name: MailboxName) async throws(MailStoreError) -> AccessList {
        try state.accessLists[mailbox(name).id] ?? [:]
    }

    package func accessLists() async throws(MailStoreError) -> [MailboxID: AccessList] { state.accessLists }

    package func changeAccess(
        to name: MailboxName,
        of identifier: AccessIdentifier,
        _ change: AccessChange
    ) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let mailbox = try mailbox(name).id
        let before = state.accessLists[mailbox] ?? [:]
        let rights = change.result(on: before[identifier] ?? [])
        guard rights != before[identifier] ?? [] else { return }
        let entry = AccessEntry(identifier, rights)
        let after = before.changed(by: [entry])
        guard after.count <= before.count || after.count <= AccessLimits.entries else { throw Self.tooMany }
        if after.count > before.count { try checkRoom(forMore: 1) }
        try await isApplied(
            submit([LogAppend(.access(AccessRecord(mailbox: mailbox, modSeq: takeModSeq(), entries: [entry])))])
        )
    }

    /// What mailboxes that are made have of the one above them (RFC 4314 §4, CREATE).
    ///
    /// - Parameter records: make them, each below the one before.
    func planAccess(of records: [LogRecord]) throws(MailStoreError) -> [LogRecord] {
        let made = records.compactMap { record -> MailboxCreatedRecord? in
            if case .mailboxCreated(let created) = record { created } else { nil }
        }
        var above = made.first?.name.parent
        while let name = above, state[name] == nil { above = name.parent }
        guard let parent = above.flatMap({ state[$0] }), let list = state.accessLists[parent.id] else { return [] }
        try checkRoom(forMore: list.count * made.count)
        let entries = list.map { AccessEntry($0.key, $0.value) }.sorted { $0.identifier < $1.identifier }
        return made.map { .access(AccessRecord(mailbox: $0.mailbox, modSeq: $0.modSeq, entries: entries)) }
    }

    private static var tooMany: MailStoreError {
        MailStoreError(.limit, "rights are given to too many")
    }

    private func checkRoom(forMore entries: Int) throws(MailStoreError) {
        let all = state.accessLists.values.reduce(0) { $0 + $1.count }
        guard all + entries <= AccessLimits.accountEntries else { throw Self.tooMany }
    }
}
