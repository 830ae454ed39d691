// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import MailTypes
internal import MailboxFormats

/// A message of an export, as the server describes it.
struct ExportedMessage: Sendable {
    var uid: UID
    var date: MailDate
    var flags: FlagSet

    init(_ json: JSONValue) {
        uid = UID(UInt32(clamping: json["uid"]?.integer ?? 0))
        date = MailDate(
            secondsSince1970: json["date"]?.integer ?? 0,
            zoneMinutes: Int16(clamping: json["zone"]?.integer ?? 0)
        )
        let names = Set(json["flags"]?.strings ?? [])
        let system = SystemFlags.names.filter { names.contains($0.name) }.map(\.flag)
        let keywords = (json["keywords"]?.strings ?? []).compactMap { Keyword($0) }
        flags = FlagSet(system: SystemFlags(system), keywords: Set(keywords))
    }
}

/// The octets of a message on their way into an export: few in memory, many in a file beside it.
struct ExportSpool {
    private static let maximumOctets = 1 << 20

    private let path: String
    private var octets: [UInt8] = []
    private var file: BulkFile?
    private(set) var size: UInt64 = 0
    private(set) var check = LineEndCheck()

    /// - Parameter path: of the file, if one is needed; it is removed with `remove`.
    init(_ path: String) { self.path = path }

    mutating func add(_ more: [UInt8]) throws(FileError) {
        check.add(more)
        size += UInt64(more.count)
        if let file { return try file.write(more) }
        octets += more
        guard octets.count > Self.maximumOctets else { return }
        let file = try BulkFile(path, O_RDWR | O_CREAT | O_TRUNC)
        try file.write(octets)
        (self.file, octets) = (file, [])
    }

    /// The octets, piece by piece.
    func visit(_ body: ([UInt8]) throws(FileError) -> Void) throws(FileError) {
        guard let file else { return try body(octets) }
        var offset: UInt64 = 0
        while offset < size {
            let piece = try file.read(at: offset, 256 << 10)
            guard !piece.isEmpty else { throw FileError(path: path, code: EIO) }
            try body(piece)
            offset += UInt64(piece.count)
        }
    }

    func remove() { if file != nil { BulkFolder.remove(path) } }
}

/// Where an export goes.
///
/// Used by one thread at a time; all calls block.
protocol ExportSink: AnyObject {
    /// A mailbox begins; `nil` for a subscribed name without mailbox is not given.
    func begin(_ name: MailboxName) throws(FileError)
    func add(_ message: ExportedMessage, _ spool: ExportSpool) throws(FileError)
    /// The mailbox is whole.
    func end() throws(FileError)
    /// Where a large message may lie for a moment.
    var spoolPath: String { get }
    /// Keywords that the form has no room for.
    var lostKeywords: Int { get }
}

/// A tree of mboxes: `Work`, and `Work.sbd/Plans` for what is below it.
final class MboxSink: ExportSink {
    private static let bufferOctets = 1 << 20

    private let root: String
    private var file: BulkFile?
    private var buffer: [UInt8] = []
    let lostKeywords = 0

    init(_ root: String) { self.root = root }

    var spoolPath: String { root + "/.message" }

    func begin(_ name: MailboxName) throws(FileError) {
        let levels = name.text.split(separator: MailboxName.delimiter).map { FolderName.mbox($0) }
        var folder = root
        for level in levels.dropLast() {
            folder += "/" + level + ".sbd"
            try BulkFolder.make(folder)
        }
        file = try BulkFile(folder + "/" + (levels.last ?? "INBOX"), O_WRONLY | O_CREAT | O_EXCL)
    }

    func add(_ message: ExportedMessage, _ spool: ExportSpool) throws(FileError) {
        var metadata = MboxMetadata()
        (metadata.system, metadata.keywords, metadata.date) = (
            message.flags.system, message.flags.keywords, message.date
        )
        var writer = MboxWriter(isExact: !spool.check.isPlain)
        buffer += writer.head(metadata, size: spool.size)
        try spool.visit { (piece) throws(FileError) in
            buffer += writer.add(piece)
            if buffer.count >= Self.bufferOctets { try flush() }
        }
        buffer += writer.finish()
        if buffer.count >= Self.bufferOctets { try flush() }
    }

    private func flush() throws(FileError) {
        try file?.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }

    func end() throws(FileError) {
        try flush()
        file = nil
    }
}

/// A Maildir with the folders of Maildir++.
final class MaildirSink: ExportSink {
    private let root: String
    private var folder = ""
    private var list: BulkFile?
    private var table: [Keyword] = []
    private(set) var lostKeywords = 0
    private var hasBegun = false

    init(_ root: String) { self.root = root }

    var spoolPath: String { root + "/.message" }

    func begin(_ name: MailboxName) throws(FileError) {
        if !hasBegun {
            hasBegun = true
            for part in ["cur", "new", "tmp"] { try BulkFolder.make(root + "/" + part) }
        }
        folder = name.isInbox ? root : root + "/" + FolderName.maildir(name)
        table = []
        if !name.isInbox {
            try BulkFolder.make(folder)
            for part in ["cur", "new", "tmp"] { try BulkFolder.make(folder + "/" + part) }
            _ = try BulkFile(folder + "/maildirfolder", O_WRONLY | O_CREAT)
        }
        list = try BulkFile(folder + "/dovecot-uidlist", O_WRONLY | O_CREAT | O_EXCL)
    }

    /// The head of `dovecot-uidlist`: what Dovecot is to go on with.
    func describe(uidValidity: Int64, uidNext: Int64) throws(FileError) {
        try list?.write(Array("3 V\(uidValidity) N\(uidNext)\n".utf8))
    }

    func add(_ message: ExportedMessage, _ spool: ExportSpool) throws(FileError) {
        for keyword in message.flags.keywords.sorted(by: { $0.text < $1.text }) where !table.contains(keyword) {
            if table.count < 26 { table.append(keyword) } else { lostKeywords += 1 }
        }
        let temporary = folder + "/tmp/message"
        let file = try BulkFile(temporary, O_WRONLY | O_CREAT | O_TRUNC)
        var written: UInt64 = 0
        var reducer = LineEndReducer()
        let isExact = !spool.check.isPlain
        try spool.visit { (piece) throws(FileError) in
            let octets = isExact ? piece : reducer.reduce(piece)
            written += UInt64(octets.count)
            try file.write(octets)
        }
        let rest = reducer.finish()
        written += UInt64(rest.count)
        try file.write(rest)
        file.setModified(message.date.secondsSince1970)
        let name = MaildirFileName.exported(
            uid: message.uid,
            date: message.date,
            size: spool.size,
            fileSize: written,
            isExact: isExact,
            flags: message.flags,
            table: table
        )
        try BulkFolder.rename(temporary, to: folder + "/cur/" + name)
        let base = String(decoding: MaildirFileName(parsing: Array(name.utf8)).base, as: UTF8.self)
        try list?.write(Array("\(message.uid) :\(base)\n".utf8))
    }

    func end() throws(FileError) {
        list = nil
        guard !table.isEmpty else { return }
        try BulkFile(folder + "/dovecot-keywords", O_WRONLY | O_CREAT | O_EXCL).write(MaildirFiles.keywordsFile(table))
    }
}
