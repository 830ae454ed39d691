// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import MailTypes
internal import MailboxFormats

/// An mbox, or a tree of them.
final class MboxSource: ImportSource {
    private static let blockOctets = 256 << 10

    private(set) var findings = ImportFindings()
    private let naming: ImportNaming
    private let quoting: MboxQuoting
    private var files: [(path: String, levels: [String])] = []
    private var first: [SourceItem] = []
    private var nextFile = 0
    private var total: UInt64 = 1
    private var before: UInt64 = 0

    private var file: BulkFile?
    private var name = ""
    private var offset: UInt64 = 0
    private var parser = MboxParser()
    private var events: [MboxEvent] = []
    private var nextEvent = 0
    private var gathered = MessageGatherer()
    private var separator = (MboxSeparator(date: nil), offset: UInt64(0))
    private var messagesInFile = 0

    init(_ path: String, naming: ImportNaming, quoting: MboxQuoting) throws(FileError) {
        self.naming = naming
        self.quoting = quoting
        switch BulkFolder.kind(path) {
        case nil: throw .last(path)
        case .folder?:
            list(path, levels: [], depth: 0)
            first = ExportManifest.items(
                path,
                naming,
                subscriptions: ["subscriptions", ".subscriptions"],
                separator: 0x2F
            )
        default: files = [(path, [])]
        }
        total = max(1, files.reduce(0) { $0 + BulkFolder.size($1.path) })
    }

    var progress: Double { min(1, Double(before + offset) / Double(total)) }

    /// Files are mailboxes; folders, with or without `.sbd`, hold those below.
    private func list(_ path: String, levels: [String], depth: Int) {
        guard depth <= MailboxName.maximumLevels else { return }
        for entry in BulkFolder.names(path) where entry.first != ASCII.dot {
            let text = String(decoding: entry, as: UTF8.self)
            let whole = path + "/" + text
            switch BulkFolder.kind(whole) {
            case .folder?:
                let level = text.hasSuffix(".sbd") ? Array(entry.dropLast(4)) : entry
                list(whole, levels: levels + [FolderName.fromMbox(level)], depth: depth + 1)
            case .file?:
                let isBeside = [".msf", ".json", ".lock"].contains { text.hasSuffix($0) } || text == "subscriptions"
                if !isBeside { files.append((whole, levels + [FolderName.fromMbox(entry)])) }
            case .other?: break
            case nil: findings.add(.unreadable, "\(FileError.last(whole))")
            }
        }
    }

    func next() throws(FileError) -> SourceItem? {
        if let item = first.popLast() { return item }
        while true {
            while nextEvent < events.count {
                nextEvent += 1
                if let message = take(events[nextEvent - 1]) { return .message(message) }
            }
            events.removeAll(keepingCapacity: true)
            nextEvent = 0
            guard let file else {
                guard let item = openNext() else { return nil }
                return item
            }
            readBlock(file)
        }
    }

    /// Opens the next file that can be; its mailbox.
    private func openNext() -> SourceItem? {
        while nextFile < files.count {
            let (path, levels) = files[nextFile]
            nextFile += 1
            guard let mailbox = naming.mailbox(levels) else {
                findings.add(.names, path)
                continue
            }
            let opened: BulkFile
            do throws(FileError) { opened = try BulkFile(path) } catch {
                findings.add(.unreadable, "\(error)")
                continue
            }
            (file, name, offset, messagesInFile) = (opened, mailbox.text, 0, 0)
            parser = MboxParser(quoting: quoting, isSeparator: Self.looker(opened))
            return .mailbox(mailbox.text, exists: true, isSubscribed: nil, specialUse: [])
        }
        return nil
    }

    /// Whether a separator or the end of a file is at an offset.
    private static func looker(_ file: BulkFile) -> @Sendable (UInt64) -> Bool {
        { offset in
            guard let octets = try? file.read(at: offset, 16) else { return false }
            let rest = octets.drop { $0 == ASCII.cr || $0 == ASCII.lf }
            return octets.count - rest.count <= 2
                && (rest.isEmpty ? octets.count <= 2 : rest.starts(with: MboxSeparator.prefix))
        }
    }

    private func readBlock(_ file: BulkFile) {
        var block: [UInt8] = []
        do throws(FileError) { block = try file.read(at: offset, Self.blockOctets) } catch {
            findings.add(.unreadable, "\(error) at octet \(offset)")
        }
        offset += UInt64(block.count)
        guard block.isEmpty else { return parser.feed(block, into: &events) }
        parser.finish(into: &events)
        note(parser.findings, file.path, size: offset)
        before += offset
        offset = 0
        self.file = nil
    }

    private func note(_ found: MboxFindings, _ path: String, size: UInt64) {
        let hasMessages = messagesInFile > 0 || events.contains { if case .begin = $0 { true } else { false } }
        if size > 0, !hasMessages { return findings.add(.foreign, path) }
        findings.add(.brokenSeparators, path, count: UInt64(found.brokenSeparators))
        findings.add(.missingEmptyLines, path, count: UInt64(found.missingEmptyLines))
        findings.add(.skippedOctets, path, count: found.skippedOctets)
        findings.add(.wrongLengths, path, count: UInt64(found.wrongLengths))
    }

    private func take(_ event: MboxEvent) -> SourceMessage? {
        switch event {
        case .begin(let separator, let offset):
            self.separator = (separator, offset)
            gathered = MessageGatherer()
            messagesInFile += 1
            return nil
        case .octets(let octets):
            gathered.add(octets)
            return nil
        case .end(let metadata): return message(metadata)
        }
    }

    private func message(_ metadata: MboxMetadata) -> SourceMessage? {
        let path = files[nextFile - 1].path
        let place = "\(path), octet \(separator.offset)"
        guard gathered.size > 0 || metadata.date != nil else {
            findings.add(.empty, place)
            return nil
        }
        if gathered.hasNulls { findings.add(.nulls, place) }
        let date = metadata.date ?? separator.0.date ?? gathered.dateInHeader()
        var content = SourceMessage.Content.whole(gathered.octets)
        if gathered.isLarge {
            guard let again = try? BulkFile(path) else {
                findings.add(.unreadable, place)
                return nil
            }
            let parser = MboxParser(quoting: quoting, offset: separator.offset, isSeparator: Self.looker(again))
            content = .pieces(MboxPieces(again, separator.offset, parser))
        }
        return SourceMessage(
            mailbox: name,
            flags: metadata.flags,
            date: date ?? MailDate(secondsSince1970: file?.facts.modified ?? 0),
            size: gathered.size,
            sha256: gathered.digest(),
            place: place,
            content: content
        )
    }
}

/// One large message of an mbox, read again.
private final class MboxPieces: PieceReader {
    private let file: BulkFile
    private var offset: UInt64
    private var parser: MboxParser
    private var events: [MboxEvent] = []
    private var isDone = false

    init(_ file: BulkFile, _ offset: UInt64, _ parser: MboxParser) {
        self.file = file
        self.offset = offset
        self.parser = parser
    }

    func next() throws(FileError) -> [UInt8]? {
        while !isDone {
            var octets: [UInt8] = []
            for event in events where !isDone {
                switch event {
                case .begin: break
                case .octets(let some): octets += some
                case .end: isDone = true
                }
            }
            events = []
            if !octets.isEmpty { return octets }
            guard !isDone else { return nil }
            let block = try file.read(at: offset, 256 << 10)
            offset += UInt64(block.count)
            if block.isEmpty { parser.finish(into: &events) } else { parser.feed(block, into: &events) }
            if block.isEmpty, events.isEmpty { return nil }
        }
        return nil
    }
}
