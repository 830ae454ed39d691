// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension GetQuotaCommand: SessionCommand {
    /// There is one root, which all mailboxes have.
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard root.isEmpty else { throw .no(.nonexistent, "No such quota root") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        session.send(.quota(root: "", try await session.account.quota().resources))
        return .done
    }
}

extension GetQuotaRootCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { _ = try MailboxName(argument: mailbox) }

    /// Also for mailboxes that are not there yet (RFC 9208 §4.1.2).
    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        // What lies in another user's mailbox counts for that user.
        session.send(.quotaRoot(mailbox: place.shownName.text, roots: place.isShared ? [] : [""]))
        guard !place.isShared else { return .done }
        session.send(.quota(root: "", try await session.account.quota().resources))
        return .done
    }
}

extension QuotaStatus {
    /// What has a bound (RFC 9208 §5.1, §5.2); nothing for an account without any.
    fileprivate var resources: [QuotaResource] {
        var resources: [QuotaResource] = []
        if let octets = limits.octets {
            // Units of 1,024 octets, of which none is told to be free when it is not whole.
            let used = usage.octets / 1024 + (usage.octets.isMultiple(of: 1024) ? 0 : 1)
            resources.append(QuotaResource("STORAGE", usage: used, limit: octets / 1024))
        }
        if let messages = limits.messages {
            resources.append(QuotaResource("MESSAGE", usage: usage.messages, limit: messages))
        }
        return resources
    }
}
