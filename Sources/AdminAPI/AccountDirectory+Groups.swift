// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import MailTypes

extension AccountDirectory {
    package func groupRecords(in domain: Domain?) async throws(AdminError) -> [GroupRecord] {
        try await translated { () throws(DirectoryError) in try await self.groups(in: domain).map(GroupRecord.init) }
    }

    package func groupRecord(_ address: MailboxAddress) async throws(AdminError) -> GroupRecord {
        try await translated { () throws(DirectoryError) in GroupRecord(try await self.group(address)) }
    }

    package func addGroupRecord(
        _ address: MailboxAddress,
        _ change: GroupRecordChange
    ) async throws(AdminError) -> GroupRecord {
        let change = try GroupChange(change)
        return try await translated { () throws(DirectoryError) in
            GroupRecord(
                try await self.addGroup(
                    address,
                    members: (change.members ?? []) + change.added,
                    rules: GroupRules(owner: change.owner ?? nil, senders: change.senders ?? .anyone)
                )
            )
        }
    }

    package func changeGroupRecord(
        _ address: MailboxAddress,
        _ change: GroupRecordChange
    ) async throws(AdminError) -> GroupRecord {
        let change = try GroupChange(change)
        return try await translated { () throws(DirectoryError) in
            GroupRecord(try await self.setGroup(address, change))
        }
    }

    package func removeGroupRecord(_ address: MailboxAddress) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in try await self.removeGroup(address) }
    }
}

extension GroupChange {
    fileprivate init(_ change: GroupRecordChange) throws(AdminError) {
        self.init()
        owner = change.owner
        members = change.members
        added = change.added
        removed = change.removed
        guard let words = change.senders else { return }
        guard let senders = GroupSenders(words) else {
            throw AdminError(
                .invalid,
                "Senders are \"anyone\" alone, or of \"users\", \"members\", addresses and domains."
            )
        }
        self.senders = senders
    }
}

extension GroupRecord {
    fileprivate init(_ group: MailGroup) {
        self.init(
            address: group.address.description,
            members: group.members.map(\.description),
            owner: group.rules.owner?.description,
            senders: group.rules.senders.words
        )
    }
}
