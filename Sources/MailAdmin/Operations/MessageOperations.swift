// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes
internal import MessageFormat

extension MailOperations {
    var messageOperations: [AdminOperation] {
        [
            AdminOperation(streaming: .get, "v1/mail/:account/messages") { (request, exchange) throws(AdminError) in
                let wanted = try request.mailboxName()
                return try await withAccount(request) { (_, account) throws(AdminError) in
                    try await Self.list(account, wanted, exchange)
                }
            },
            AdminOperation(.get, "v1/mail/:account/messages/:uid") { (request) throws(AdminError) in
                guard let name = try request.mailboxName(), let number = UInt32(request.path[4]), number > 0 else {
                    throw AdminError(.badRequest, "A message is named by its mailbox and its UID.")
                }
                return try await withAccount(request) { (_, account) throws(AdminError) in
                    try await MessageInspection(account, name, UID(number)).json()
                }
            },
        ]
    }

    /// Answers with every message of a mailbox, or of all.
    private static func list(
        _ account: any MailAccount,
        _ wanted: MailboxName?,
        _ exchange: AdminExchange
    ) async throws(AdminError) -> JSONValue {
        var names = [MailboxName]()
        if let wanted {
            names = [wanted]
        } else {
            let all = try await translated { () throws(MailStoreError) in try await account.mailboxes() }
            names = all.filter { $0.id != nil }.map(\.name)
        }
        var count: Int64 = 0
        for name in names {
            let snapshot: MailboxSnapshot
            do throws(MailStoreError) { snapshot = try await account.snapshot(of: name) } catch {
                // Of several, one may be deleted meanwhile.
                if wanted == nil, error.code == .noSuchMailbox { continue }
                throw AdminError(error)
            }
            for entry in snapshot.messages {
                let structure = try? await account.cachedStructure(of: entry)
                let envelope = structure.flatMap { MessageSummary.decode($0)?.envelope }
                let row = MessageRow.json(entry, keywords: snapshot.keywords, envelope)
                try await exchange.send(["message": .object([JSONMember("mailbox", .string(name.text))] + row)])
                count += 1
            }
        }
        return ["messages": .integer(count)]
    }
}

/// A message for listings.
enum MessageRow {
    static func json(_ entry: MessageEntry, keywords: [Keyword], _ envelope: Envelope?) -> [JSONMember] {
        let flags = entry.flags(keywords: keywords)
        return [
            JSONMember("uid", .integer(Int64(entry.uid.rawValue))),
            JSONMember("modSeq", .integer(Int64(clamping: entry.modSeq.rawValue))),
            JSONMember("size", .integer(Int64(clamping: entry.size))),
            JSONMember("date", .string(entry.internalDate.utcText)),
            JSONMember("flags", .strings(names(flags.system))),
            JSONMember("keywords", .strings(flags.keywords.map(\.text).sorted())),
            JSONMember("from", .string(envelope.map { EnvelopeText.addresses($0.from) } ?? "")),
            JSONMember("to", .string(envelope.map { EnvelopeText.addresses($0.to) } ?? "")),
            JSONMember("subject", .string(EnvelopeText.decoded(envelope?.subject))),
            JSONMember("messageID", .string(EnvelopeText.raw(envelope?.messageID))),
        ]
    }

    static func names(_ flags: SystemFlags) -> [String] {
        SystemFlags.names.filter { flags.contains($0.flag) }.map(\.name)
    }
}
