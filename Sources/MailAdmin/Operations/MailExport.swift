// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Locking
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// One export of an account: its mailboxes as they were at one moment, message by message.
struct MailExport {
    private static let pieceOctets: UInt64 = 256 << 10
    /// How often a moment is looked for at which nothing changes.
    private static let maximumTries = 20

    private let account: any MailAccount
    private let exchange: AdminExchange
    private let withBodies: Bool
    private let withFacts: Bool

    /// - Parameters:
    ///   - withBodies: the octets of messages.
    ///   - withFacts: what is in the envelopes, and digests.
    init(_ account: any MailAccount, _ exchange: AdminExchange, withBodies: Bool, withFacts: Bool) {
        self.account = account
        self.exchange = exchange
        self.withBodies = withBodies
        self.withFacts = withFacts
    }

    func run(_ wanted: MailboxName?) async throws(AdminError) -> JSONValue {
        let (descriptions, snapshots) = try await moment()
        if let wanted, snapshots[wanted] == nil { throw AdminError(.notFound, "There is no mailbox \(wanted).") }
        let chosen = descriptions.filter { wanted == nil || $0.name == wanted }
        let total = chosen.reduce(0) { $0 + (snapshots[$1.name]?.messages.count ?? 0) }
        try await exchange.send(
            ["account": ["number": .optional(account.id.rawValue), "messages": .integer(Int64(total))]]
        )
        var counts: (messages: Int64, octets: UInt64, damaged: Int64) = (0, 0, 0)
        for description in chosen {
            let snapshot = snapshots[description.name]
            try await exchange.send(["mailbox": MailboxRows.row(description, snapshot?.status)])
            for entry in snapshot?.messages ?? [] {
                let isDamaged = try await send(entry, snapshot?.keywords ?? [], description.name)
                counts = (counts.messages + 1, counts.octets + entry.size, counts.damaged + (isDamaged ? 1 : 0))
            }
        }
        return [
            "messages": .integer(counts.messages), "octetsOfMail": .integer(Int64(clamping: counts.octets)),
            "damaged": .integer(counts.damaged),
        ]
    }

    /// All mailboxes, with no change of the account between the first and the last.
    private func moment() async throws(AdminError) -> ([MailboxDescription], [MailboxName: MailboxSnapshot]) {
        for _ in 0..<Self.maximumTries {
            let hasChanged = Lock(false)
            let watch = account.watch(nil) { hasChanged.withLock { $0 = true } }
            let taken = try await snapshots()
            if withExtendedLifetime(watch, { !hasChanged.withLock { $0 } }) { return taken }
        }
        // It changes all the time: each mailbox is then as it was at a moment of its own.
        return try await snapshots()
    }

    private func snapshots() async throws(AdminError) -> ([MailboxDescription], [MailboxName: MailboxSnapshot]) {
        try await translated { () throws(MailStoreError) in
            let descriptions = try await account.mailboxes()
            var snapshots: [MailboxName: MailboxSnapshot] = [:]
            for description in descriptions where description.id != nil {
                // One that was deleted in between is a change, which the watch tells.
                snapshots[description.name] = try? await account.snapshot(of: description.name)
            }
            return (descriptions, snapshots)
        }
    }

    /// Answers with one message; whether octets of it are lost.
    private func send(
        _ entry: MessageEntry,
        _ keywords: [Keyword],
        _ name: MailboxName
    ) async throws(AdminError) -> Bool {
        var message = await members(entry, keywords)
        guard withBodies else {
            try await exchange.send(["message": .object(message)])
            return false
        }
        let first: MessageOctets
        do throws(MailStoreError) {
            first = try await account.read(entry, 0..<min(entry.size, Self.pieceOctets))
        } catch {
            // Expunged since the list was made.
            guard error.code != .noSuchMessage else { return false }
            message.append(JSONMember("unreadable", .string(AdminError(error).message)))
            try await exchange.send(["message": .object(message)])
            return true
        }
        try await exchange.send(
            ["message": .object(message), "octets": .integer(Int64(clamping: entry.size))],
            first.bytes
        )
        let lost = try await sendRest(entry, from: UInt64(first.bytes.count)) + Self.count(first.damaged)
        guard lost > 0 else { return false }
        try await exchange.send(
            [
                "damage": [
                    "mailbox": .string(name.text), "uid": .integer(Int64(entry.uid.rawValue)),
                    "lostOctets": .integer(lost),
                ]
            ]
        )
        return true
    }

    /// The octets from an offset on; as many as were announced must follow.
    ///
    /// How many of them are lost.
    private func sendRest(_ entry: MessageEntry, from start: UInt64) async throws(AdminError) -> Int64 {
        var lost: Int64 = 0
        var offset = start
        while offset < entry.size {
            let range = offset..<min(entry.size, offset + Self.pieceOctets)
            var piece: MessageOctets
            do throws(MailStoreError) { piece = try await account.read(entry, range) } catch {
                var filled = [UInt8](repeating: ASCII.space, count: range.count)
                Filler.fill(&filled, 0..<filled.count)
                piece = MessageOctets(bytes: filled, damaged: [range])
            }
            guard piece.bytes.count == range.count else {
                throw AdminError(.failure, "The message with UID \(entry.uid) has fewer octets than its size.")
            }
            try await exchange.send(octets: piece.bytes)
            lost += Self.count(piece.damaged)
            offset = range.upperBound
        }
        return lost
    }

    private static func count(_ ranges: [Range<UInt64>]) -> Int64 { Int64(ranges.reduce(0) { $0 + $1.count }) }

    private func members(_ entry: MessageEntry, _ keywords: [Keyword]) async -> [JSONMember] {
        let flags = entry.flags(keywords: keywords)
        var members = [
            JSONMember("uid", .integer(Int64(entry.uid.rawValue))),
            JSONMember("modSeq", .integer(Int64(clamping: entry.modSeq.rawValue))),
            JSONMember("date", .integer(entry.internalSeconds)),
            JSONMember("zone", .integer(Int64(entry.zoneMinutes))),
            JSONMember("saved", .integer(entry.savedSeconds)),
            JSONMember("size", .integer(Int64(clamping: entry.size))),
            JSONMember("flags", .strings(MessageRow.names(flags.system))),
            JSONMember("keywords", .strings(flags.keywords.map(\.text).sorted())),
        ]
        if withFacts { members += await facts(entry) }
        return members
    }

    private func facts(_ entry: MessageEntry) async -> [JSONMember] {
        let structure = try? await account.cachedStructure(of: entry)
        let envelope = structure.flatMap { MessageSummary.decode($0)?.envelope }
        let digest = try? await account.digest(of: entry)
        return [
            JSONMember("sha256", .optional(digest.map { Hex.encode($0) })),
            JSONMember("subject", .optional(envelope?.subject.map { EncodedWord.decode($0) })),
            JSONMember("from", .string(envelope.map { EnvelopeText.addresses($0.from) } ?? "")),
            JSONMember("to", .string(envelope.map { EnvelopeText.addresses($0.to) } ?? "")),
            JSONMember("cc", .string(envelope.map { EnvelopeText.addresses($0.cc) } ?? "")),
            JSONMember("messageID", .optional(envelope?.messageID.map { EnvelopeText.raw($0) })),
            JSONMember("inReplyTo", .optional(envelope?.inReplyTo.map { EnvelopeText.raw($0) })),
            JSONMember("sent", .optional(envelope?.date.flatMap { MailDate(headerField: $0)?.secondsSince1970 })),
        ]
    }
}
