// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// The structure of the message that was looked at last.
struct StructureCache {
    let account: AccountID
    let mailbox: MailboxID
    let uid: UID
    let structure: MessageStructure
    /// It was made of octets some of which are lost and filled.
    let isOfDamaged: Bool
}

extension IMAPSession {
    /// Largest message that is parsed again when the structure made at delivery is lost.
    ///
    /// Larger ones are opaque.
    private static let parsedOctets: UInt64 = 64 << 20
    /// What is parsed on the loop; larger messages are taken to a thread that nobody waits for.
    private static let inlineOctets = 256 * 1024
    /// How much of a message too large to be parsed is looked at for its header.
    private static let headerOctets: UInt64 = 1 << 20

    /// The structure of a message: as cached at delivery, else from its octets, else opaque.
    ///
    /// Always one.
    func structure(of entry: MessageEntry) async throws(MailStoreError) -> MessageStructure {
        guard let mailbox = view?.id, let account = view?.account else {
            throw MailStoreError(.noSuchMailbox, "No mailbox is selected")
        }
        return try await structure(of: entry, in: mailbox, of: account)
    }

    /// As above, of a message of any mailbox.
    func structure(
        of entry: MessageEntry,
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws(MailStoreError) -> MessageStructure {
        try await cachedStructure(of: entry, in: mailbox, of: account).structure
    }

    /// As above, with what it was made of.
    func cachedStructure(
        of entry: MessageEntry,
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws(MailStoreError) -> StructureCache {
        if let last = lastStructure, last.account == account.id, last.mailbox == mailbox, last.uid == entry.uid {
            return last
        }
        let (structure, isOfDamaged) = try await findStructure(of: entry, account)
        let found = StructureCache(
            account: account.id,
            mailbox: mailbox,
            uid: entry.uid,
            structure: structure,
            isOfDamaged: isOfDamaged
        )
        lastStructure = found
        return found
    }

    /// The envelope of a message of the selected mailbox, without the rest of its structure.
    ///
    /// Always one, as a structure is.
    func envelope(of entry: MessageEntry) async throws(MailStoreError) -> SummaryEnvelope {
        guard let mailbox = view?.id, let account = view?.account else {
            throw MailStoreError(.noSuchMailbox, "No mailbox is selected")
        }
        return try await envelope(of: entry, in: mailbox, of: account)
    }

    /// As above, of a message of any mailbox.
    func envelope(
        of entry: MessageEntry,
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws(MailStoreError) -> SummaryEnvelope {
        if let cached = try await account.cachedStructure(of: entry), let envelope = SummaryEnvelope(cached),
            envelope.size == entry.size
        {
            return envelope
        }
        return SummaryEnvelope(of: try await structure(of: entry, in: mailbox, of: account))
    }

    private func findStructure(
        of entry: MessageEntry,
        _ account: any MailAccount
    ) async throws(MailStoreError) -> (structure: MessageStructure, isOfDamaged: Bool) {
        if let cached = try await account.cachedStructure(of: entry),
            let summary = MessageSummary.decode(cached), summary.structure.size == entry.size
        {
            return (summary.structure, false)
        }
        guard entry.size <= Self.parsedOctets else { return try await opaque(entry, account) }
        let octets = try await octets(of: entry, 0..<entry.size, from: account)
        let (bytes, isOfDamaged) = (octets.bytes, !octets.damaged.isEmpty)
        guard bytes.count > Self.inlineOctets else { return (MessageStructure(parsing: bytes), isOfDamaged) }
        return (await BlockingPool.shared.run { MessageStructure(parsing: bytes) }, isOfDamaged)
    }

    /// A header, and one part of octets that nobody looks into.
    private func opaque(
        _ entry: MessageEntry,
        _ account: any MailAccount
    ) async throws(MailStoreError) -> (structure: MessageStructure, isOfDamaged: Bool) {
        let octets = try await octets(of: entry, 0..<Self.headerOctets, from: account)
        let start = MessageStructure(parsing: octets.bytes)
        let header = start.root.header
        let root = MessagePart(
            header: header,
            body: min(header.upperBound, entry.size)..<entry.size,
            lines: 0,
            mediaType: .opaque
        )
        return (MessageStructure(size: entry.size, envelope: start.envelope, root: root), !octets.damaged.isEmpty)
    }

    /// Octets of one read from the store.
    static let pieceOctets: UInt64 = 256 << 10

    /// Octets of a message in memory, read piece by piece; `range` is cut to the message.
    ///
    /// The caller bounds it. Without `account`, the message is one of the selected mailbox.
    func octets(
        of entry: MessageEntry,
        _ range: Range<UInt64>,
        from account: (any MailAccount)? = nil
    ) async throws(MailStoreError) -> MessageOctets {
        let range = range.clamped(to: 0..<entry.size)
        var all = MessageOctets(bytes: [])
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + min(Self.pieceOctets, range.upperBound - start)
            let piece = try await piece(of: entry, start..<end, from: account)
            if all.bytes.isEmpty { all.bytes = piece.bytes } else { all.bytes += piece.bytes }
            all.damaged += piece.damaged
            start = end
        }
        return all
    }

    /// One piece, with as many octets as were asked for whatever the store gave: counts were told to the client.
    ///
    /// Without `account`, the message is one of the selected mailbox.
    func piece(
        of entry: MessageEntry,
        _ range: Range<UInt64>,
        from account: (any MailAccount)? = nil
    ) async throws(MailStoreError) -> MessageOctets {
        var octets = try await (account ?? view?.account ?? self.account).read(entry, range)
        let wanted = Int(clamping: range.upperBound - range.lowerBound)
        if octets.bytes.count > wanted { octets.bytes.removeLast(octets.bytes.count - wanted) }
        if octets.bytes.count < wanted {
            octets.damaged.append(range.lowerBound + UInt64(octets.bytes.count)..<range.upperBound)
            octets.bytes += Filler.octets(wanted - octets.bytes.count)
        }
        return octets
    }
}

/// What stands in for octets that are lost.
enum Filler {
    private static let line = Array("[martlet: octets lost]\r\n".utf8)

    static func octets(_ count: Int) -> [UInt8] {
        var filler: [UInt8] = []
        filler.reserveCapacity(count)
        while filler.count < count { filler += line.prefix(count - filler.count) }
        return filler
    }
}
