// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes

extension MailOperations {
    var quarantineOperations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/mail/:account/quarantine") { (request) throws(AdminError) in
                try await withQuarantine(request) { (_, quarantine) throws(AdminError) in
                    let held = try await translated { () throws(MailStoreError) in try await quarantine.quarantined() }
                    return .array(held.map { .object(QuarantineRow.members($0)) })
                }
            },
            AdminOperation(.post, "v1/mail/:account/quarantine") { (request) throws(AdminError) in
                let name = try MailboxName(checking: request.text("mailbox"))
                guard let number = request.body?["uid"]?.integer, let uid = UInt32(exactly: number), uid > 0 else {
                    throw AdminError(.badRequest, "The body must have a \"uid\", a number from 1.")
                }
                return try await withQuarantine(request) { (account, quarantine) throws(AdminError) in
                    let outcome = try await translated { () throws(MailStoreError) in
                        let mailbox = try await account.status(of: name).id
                        return (mailbox, try await quarantine.quarantine(UIDSet(ascending: [UID(uid)]), in: mailbox))
                    }
                    guard !outcome.1.vanished.isEmpty else {
                        throw AdminError(.notFound, "There is no message with UID \(uid) in \(name).")
                    }
                    return ["id": .string(QuarantineID(outcome.0, UID(uid)).description)]
                }
            },
            AdminOperation(.get, "v1/mail/:account/quarantine/:id") { (request) throws(AdminError) in
                let id = try request.quarantineID()
                return try await withQuarantine(request) { (_, quarantine) throws(AdminError) in
                    try await QuarantineRow.shown(id, quarantine)
                }
            },
            AdminOperation(.post, "v1/mail/:account/quarantine/:id/restore") { (request) throws(AdminError) in
                let id = try request.quarantineID()
                let target = try request.optionalText("mailbox").map { (text) throws(AdminError) in
                    try MailboxName(checking: text)
                }
                return try await withQuarantine(request) { (_, quarantine) throws(AdminError) in
                    let outcome = try await translated { () throws(MailStoreError) in
                        try await quarantine.restore(id, to: target)
                    }
                    return ["uid": .integer(Int64(outcome.uid.rawValue))]
                }
            },
            AdminOperation(.delete, "v1/mail/:account/quarantine/:id") { (request) throws(AdminError) in
                let id = try request.quarantineID()
                return try await withQuarantine(request) { (_, quarantine) throws(AdminError) in
                    let gone = try await translated { () throws(MailStoreError) in
                        try await quarantine.deleteQuarantined([id])
                    }
                    guard !gone.isEmpty else { throw AdminError(.notFound, "There is no message \(id) in quarantine.") }
                    return [:]
                }
            },
        ]
    }

    private func withQuarantine<Answer: Sendable>(
        _ request: AdminRequest,
        _ body: @Sendable (any MailAccount, any MailQuarantine) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        try await withAccount(request) { (_, account) throws(AdminError) in
            guard let quarantine = account as? any MailQuarantine else {
                throw AdminError(.unavailable, "This store has no quarantine.")
            }
            return try await body(account, quarantine)
        }
    }
}

extension AdminRequest {
    fileprivate func quarantineID() throws(AdminError) -> QuarantineID {
        guard path.count > 4, let id = QuarantineID(path[4]) else {
            throw AdminError(.badRequest, "A message in quarantine is named as the list names it, such as 3.42.")
        }
        return id
    }
}

/// Messages in quarantine, as JSON.
private enum QuarantineRow {
    /// What is shown of a message's beginning.
    private static let shownOctets: UInt64 = 64 << 10

    static func members(_ message: QuarantinedMessage) -> [JSONMember] {
        [
            JSONMember("id", .string(message.id.description)),
            JSONMember("mailbox", .string(message.mailboxName.text)),
            JSONMember("since", .string(MailDate(secondsSince1970: message.seconds).utcText)),
        ]
            + MessageRow.json(message.entry, keywords: message.keywords, nil).filter {
                ["uid", "size", "date", "flags", "keywords"].contains($0.name)
            }
    }

    static func shown(_ id: QuarantineID, _ quarantine: any MailQuarantine) async throws(AdminError) -> JSONValue {
        let held = try await translated { () throws(MailStoreError) in try await quarantine.quarantined() }
        guard let message = held.first(where: { $0.id == id }) else {
            throw AdminError(.notFound, "There is no message \(id) in quarantine.")
        }
        var damage: [JSONValue] = []
        var header: [String] = []
        var offset: UInt64 = 0
        while offset < message.entry.size {
            let range = offset..<min(message.entry.size, offset + (1 << 20))
            let octets = try await translated { () throws(MailStoreError) in
                try await quarantine.readQuarantined(id, range)
            }
            guard !octets.bytes.isEmpty else { break }
            if offset == 0 { header = MessageInspection.headerLines(octets.bytes) }
            damage += octets.damaged.map(MessageInspection.range)
            offset += UInt64(octets.bytes.count)
        }
        return .object(
            members(message) + [JSONMember("damage", .array(damage)), JSONMember("header", .strings(header))]
        )
    }
}
