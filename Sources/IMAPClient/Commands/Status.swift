// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension IMAPClientSession {
    /// Asks for counts of a mailbox without selecting it (RFC 9051 §6.3.11).
    package func status(of name: String, _ items: [StatusItem]) async throws(IMAPClientError) -> [StatusItem: UInt64] {
        var counts: [StatusItem: UInt64]?
        try await perform(StatusCommand(mailbox: name, items: items)) { response in
            guard case .status(_, let values) = response else { return }
            counts = [:]
            for value in values {
                if case .number(let number) = value.value { counts?[value.item] = number }
            }
        }
        guard let counts else { throw fail(.unexpected("OK to STATUS without counts")) }
        return counts
    }

    /// The mailboxes whose names match (RFC 9051 §6.3.9).
    package func list(_ pattern: String, reference: String = "") async throws(IMAPClientError) -> [MailboxListing] {
        var rows: [MailboxListing] = []
        try await perform(ListCommand(reference: reference, pattern: pattern)) { response in
            if case .list(let row) = response { rows.append(row) }
        }
        return rows
    }

    /// Makes a mailbox (RFC 9051 §6.3.4).
    package func create(_ name: String) async throws(IMAPClientError) {
        try await perform(CreateCommand(mailbox: name))
    }

    /// Removes a mailbox (RFC 9051 §6.3.5).
    package func delete(_ name: String) async throws(IMAPClientError) {
        try await perform(DeleteCommand(mailbox: name))
    }
}
