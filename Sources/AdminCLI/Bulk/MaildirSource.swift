// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import MailTypes
internal import MailboxFormats

/// A Maildir with the folders of Maildir++ in it.
final class MaildirSource: ImportSource {
    private static let blockOctets = 256 << 10

    private(set) var findings = ImportFindings()
    private let naming: ImportNaming
    private let root: String
    private var folders: [(path: String, levels: [String])] = []
    private var first: [SourceItem] = []
    private var total = 1
    private var done = 0

    private var nextFolder = 0
    private var path = ""
    private var mailbox = ""
    private var keywords: [Int: Keyword] = [:]
    private var files = MaildirListing()
    private var nextFile = 0

    init(_ root: String, naming: ImportNaming) throws(FileError) {
        self.root = root
        self.naming = naming
        guard BulkFolder.kind(root + "/cur") == .folder else {
            throw FileError(path: root + "/cur", code: BulkFolder.kind(root) == nil ? errno : ENOTDIR)
        }
        folders = [(root, [])]
        for name in BulkFolder.names(root) {
            guard let levels = FolderName.levels(ofMaildir: name) else { continue }
            let path = root + "/" + String(decoding: name, as: UTF8.self)
            if BulkFolder.kind(path + "/cur") == .folder { folders.append((path, levels)) }
        }
        first = ExportManifest.items(
            root,
            naming,
            subscriptions: ["subscriptions", "courierimapsubscribed"],
            separator: ASCII.dot
        )
        total = max(1, folders.reduce(0) { $0 + MaildirListing.count($1.path).files })
    }

    var progress: Double { min(1, Double(done) / Double(total)) }

    func next() throws(FileError) -> SourceItem? {
        if let item = first.popLast() { return item }
        while true {
            while nextFile < files.count {
                nextFile += 1
                done += 1
                if let message = message(files[nextFile - 1]) { return .message(message) }
            }
            guard nextFolder < folders.count else { return nil }
            let (path, levels) = folders[nextFolder]
            nextFolder += 1
            guard let name = naming.mailbox(levels) else {
                findings.add(.names, path)
                continue
            }
            (self.path, mailbox, nextFile) = (path, name.text, 0)
            keywords = MaildirFiles.keywords(BulkFolder.read(path + "/dovecot-keywords") ?? [])
            files = MaildirListing(path, &findings)
            return .mailbox(name.text, exists: true, isSubscribed: nil, specialUse: [])
        }
    }

    private func message(_ entry: MaildirListing.Entry) -> SourceMessage? {
        let place = "\(path)/\(entry.isNew ? "new" : "cur")/\(String(decoding: entry.name, as: UTF8.self))"
        do throws(FileError) {
            return try read(MaildirFileName(parsing: entry.name), place, isNew: entry.isNew)
        } catch {
            findings.add(.unreadable, "\(error)")
            return nil
        }
    }

    private func read(_ name: MaildirFileName, _ place: String, isNew: Bool) throws(FileError) -> SourceMessage? {
        let file = try BulkFile(place)
        let facts = file.facts
        guard facts.isRegular else { throw FileError(path: place, code: EISDIR) }
        let mark = name.mark
        guard facts.size > 0 || mark != nil else {
            findings.add(.empty, place)
            return nil
        }
        var gathered = MessageGatherer()
        let reader = FilePieces(file, isExact: mark?.isExact == true)
        while let octets = try reader.next() { gathered.add(octets) }
        if gathered.hasNulls { findings.add(.nulls, place) }
        let content: SourceMessage.Content =
            gathered.isLarge ? .pieces(FilePieces(file, isExact: mark?.isExact == true)) : .whole(gathered.octets)
        return SourceMessage(
            mailbox: mailbox,
            flags: isNew ? .none : flags(name),
            date: date(name, facts.modified),
            size: gathered.size,
            sha256: gathered.digest(),
            place: place,
            content: content
        )
    }

    private func date(_ name: MaildirFileName, _ modified: Int64) -> MailDate {
        guard let mark = name.mark else { return MailDate(secondsSince1970: modified) }
        let seconds = Int64(clamping: MaildirFileName.seconds(of: name.base))
        return MailDate(secondsSince1970: seconds, zoneMinutes: mark.zoneMinutes)
    }

    private func flags(_ name: MaildirFileName) -> FlagSet {
        var flags = FlagSet(system: name.system, keywords: Set(name.keywords.compactMap { keywords[$0] }))
        if name.isPassed, let forwarded = Keyword("$Forwarded") { flags.keywords.insert(forwarded) }
        return flags
    }
}

/// A file with a message, with canonical line ends.
private final class FilePieces: PieceReader {
    private let file: BulkFile
    private let isExact: Bool
    private var canonizer = LineEndCanonizer()
    private var offset: UInt64 = 0

    init(_ file: BulkFile, isExact: Bool) {
        self.file = file
        self.isExact = isExact
    }

    func next() throws(FileError) -> [UInt8]? {
        let octets = try file.read(at: offset, offset == 0 ? 64 << 10 : 256 << 10)
        offset += UInt64(octets.count)
        if octets.isEmpty { return nil }
        return isExact ? octets : canonizer.canonize(octets)
    }
}

/// The names of the messages of one folder, in the order of their UIDs where `dovecot-uidlist` tells it, else by the
/// time in their names.
///
/// They lie one behind the other in one array: a million take the memory of their octets and 8 more each.
struct MaildirListing {
    struct Entry {
        var name: [UInt8]
        var isNew: Bool
    }

    private var octets: [UInt8] = []
    /// Where names begin, in order.
    private var order: [UInt32] = []

    init() {}

    var count: Int { order.count }

    subscript(index: Int) -> Entry {
        let start = Int(order[index])
        return Entry(name: Array(name(at: start)), isNew: octets[start] == 1)
    }

    /// How many messages there are, and how many octets their names have.
    static func count(_ path: String) -> (files: Int, octets: Int) {
        var (files, octets) = (0, 0)
        for part in ["cur", "new"] {
            BulkFolder.visit(path + "/" + part) { name in
                guard name.first != ASCII.dot else { return }
                files += 1
                octets += name.count
            }
        }
        return (files, octets)
    }

    init(_ path: String, _ findings: inout ImportFindings) {
        let expected = Self.count(path)
        octets.reserveCapacity(expected.octets + expected.files * 3)
        order.reserveCapacity(expected.files)
        for (number, part) in ["cur", "new"].enumerated() {
            let isRead = BulkFolder.visit(path + "/" + part) { name in
                guard name.first != ASCII.dot, let start = UInt32(exactly: octets.count) else { return }
                order.append(start)
                octets.append(UInt8(number))
                octets.append(UInt8(truncatingIfNeeded: name.count))
                octets += name
            }
            if !isRead { findings.add(.unreadable, "\(FileError.last(path + "/" + part))") }
        }
        sort(uidList: BulkFolder.read(path + "/dovecot-uidlist", maximum: 1 << 30))
    }

    /// Names of files have at most 255 octets.
    private func name(at start: Int) -> ArraySlice<UInt8> { octets[(start + 2)..<(start + 2 + Int(octets[start + 1]))] }

    private mutating func sort(uidList: [UInt8]?) {
        var ranks = [UInt32](repeating: .max, count: order.count)
        if let uidList {
            let listing = self
            order.sort { listing.name(at: Int($0)).lexicographicallyPrecedes(listing.name(at: Int($1))) }
            var rank: UInt32 = 0
            for line in uidList.split(separator: ASCII.lf) {
                guard let base = MaildirFiles.uidListName(line), let place = place(of: base) else { continue }
                ranks[place] = rank
                rank += 1
            }
        }
        let (listing, starts) = (self, order)
        let sorted = starts.indices.sorted { a, b in
            if ranks[a] != ranks[b] { return ranks[a] < ranks[b] }
            let (left, right) = (listing.name(at: Int(starts[a])), listing.name(at: Int(starts[b])))
            let (earlier, later) = (MaildirFileName.seconds(of: left), MaildirFileName.seconds(of: right))
            return earlier == later ? left.lexicographicallyPrecedes(right) : earlier < later
        }
        order = sorted.map { starts[$0] }
    }

    /// Where the name with that base is, among sorted names.
    private func place(of base: [UInt8]) -> Int? {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if name(at: Int(order[middle])).lexicographicallyPrecedes(base) { low = middle + 1 } else { high = middle }
        }
        guard low < order.count, MaildirFileName(parsing: Array(name(at: Int(order[low])))).base == base else {
            return nil
        }
        return low
    }
}
