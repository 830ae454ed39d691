// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// What a source of an import has next.
enum SourceItem {
    /// A mailbox, also when it is empty; `isSubscribed` where the source says it.
    case mailbox(String, exists: Bool, isSubscribed: Bool?, specialUse: [String])
    case message(SourceMessage)
}

/// A message of a source.
struct SourceMessage {
    /// As a mailbox of the account.
    var mailbox: String
    var flags: FlagSet
    var date: MailDate
    var size: UInt64
    var sha256: [UInt8]
    /// For people: the file, and where in it.
    var place: String
    var content: Content

    enum Content {
        case whole([UInt8])
        /// A large message: its octets are read once more.
        case pieces(any PieceReader)
    }
}

/// Reads a large message piece by piece.
protocol PieceReader: AnyObject {
    /// The next octets; `nil` after the last. Blocks.
    func next() throws(FileError) -> [UInt8]?
}

/// A source of an import.
///
/// Used by one thread at a time; all calls block.
protocol ImportSource: AnyObject {
    var findings: ImportFindings { get }
    /// How much of the source has been read, from 0 to 1.
    var progress: Double { get }
    func next() throws(FileError) -> SourceItem?
}

/// Gathers a message as it is read: its digest, its size, and its octets as long as they are few.
struct MessageGatherer {
    /// Larger messages are read twice.
    static let maximumOctets = 1 << 20
    /// Of these, the first octets stay, for the dates in their header.
    private static let headerOctets = 64 << 10

    private let hasher = SHA256Hasher()
    private(set) var size: UInt64 = 0
    private(set) var octets: [UInt8] = []
    private(set) var isLarge = false
    private(set) var hasNulls = false

    mutating func add(_ bytes: [UInt8]) {
        hasher.add(bytes)
        size += UInt64(bytes.count)
        if !hasNulls { hasNulls = bytes.contains(0) }
        guard !isLarge else { return }
        octets += bytes
        guard octets.count > Self.maximumOctets else { return }
        isLarge = true
        octets = Array(octets.prefix(Self.headerOctets))
    }

    func digest() -> [UInt8] { hasher.finish() }

    /// When the message came in, by its topmost Received field, else by its Date.
    func dateInHeader() -> MailDate? {
        let header = HeaderFields(Array(octets.prefix(Self.headerOctets)))
        if let received = header.values(of: "Received").first,
            let semicolon = received.lastIndex(of: UInt8(ascii: ";")),
            let date = MailDate(headerField: Array(received[(semicolon + 1)...]))
        {
            return date
        }
        return header.values(of: "Date").first.flatMap { MailDate(headerField: $0) }
    }
}

/// Names of mailboxes, as an import makes them from levels.
struct ImportNaming {
    /// What `--folder` says; `nil`: nothing.
    let folder: String?

    /// The mailbox for the levels of a folder of the source; no levels for its root, which is INBOX.
    func mailbox(_ levels: [String]) -> MailboxName? {
        let all = (folder.map { [$0] } ?? []) + levels
        return MailboxName(all.isEmpty ? "INBOX" : all.joined(separator: "/"))
    }
}
