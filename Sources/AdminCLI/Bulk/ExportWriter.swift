// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import MailTypes

/// Turns the answer of an export into files.
final class ExportWriter: @unchecked Sendable {
    // Safe to hand over: its one user waits for each call to end before it makes the next.
    private let root: String
    private let sink: any ExportSink
    private var mailboxes: [JSONValue] = []
    private var isOpen = false
    private var message: ExportedMessage?
    private var spool: ExportSpool
    private var rest: UInt64 = 0
    private(set) var messages: Int64 = 0
    private(set) var octets: UInt64 = 0
    /// Messages of which octets are lost, and those that could not be read at all.
    private(set) var damaged: [String] = []

    /// Makes the folder; one that is there must be empty.
    init(_ root: String, _ makeSink: (String) -> any ExportSink) throws(FileError) {
        try BulkFolder.make(root)
        guard BulkFolder.names(root).isEmpty else { throw FileError(path: root, code: ENOTEMPTY) }
        self.root = root
        sink = makeSink(root)
        spool = ExportSpool(sink.spoolPath)
    }

    var lostKeywords: Int { sink.lostKeywords }

    func take(_ items: [AdminItem]) throws(FileError) {
        for item in items { try take(item) }
    }

    private func take(_ item: AdminItem) throws(FileError) {
        switch item {
        case .head(let head, let octets):
            if let row = head["mailbox"] { return try begin(row) }
            if let damage = head["damage"] {
                damaged.append(
                    "\(damage.shown("mailbox")), UID \(damage.shown("uid")): \(damage.shown("lostOctets")) octets are lost"
                )
            }
            guard let json = head["message"] else { return }
            if let reason = json["unreadable"]?.string {
                damaged.append("\(mailboxes.last?.shown("name") ?? ""), UID \(json.shown("uid")): \(reason)")
                return
            }
            message = ExportedMessage(json)
            spool = ExportSpool(sink.spoolPath)
            rest = octets
        case .octets(let some):
            try spool.add(some)
            rest -= min(rest, UInt64(some.count))
        }
        guard rest == 0, let whole = message else { return }
        message = nil
        try sink.add(whole, spool)
        spool.remove()
        messages += 1
        octets += spool.size
    }

    private func begin(_ row: JSONValue) throws(FileError) {
        try endMailbox()
        mailboxes.append(row)
        guard row["exists"]?.bool == true, let name = MailboxName(row["name"]?.string ?? "") else { return }
        try sink.begin(name)
        isOpen = true
        if let maildir = sink as? MaildirSink {
            try maildir.describe(uidValidity: row["uidValidity"]?.integer ?? 1, uidNext: row["uidNext"]?.integer ?? 1)
        }
    }

    private func endMailbox() throws(FileError) {
        if isOpen { try sink.end() }
        isOpen = false
    }

    /// Writes what stands beside the messages, and has everything on disk.
    func finish() throws(FileError) {
        try endMailbox()
        let manifest = try BulkFile(root + "/" + ExportManifest.file, O_WRONLY | O_CREAT | O_EXCL)
        try manifest.write(ExportManifest.contents(mailboxes))
        try manifest.syncFileSystem()
    }
}
