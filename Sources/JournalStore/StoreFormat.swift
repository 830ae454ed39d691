// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Journal
internal import MailTypes

/// The file FORMAT: four lines of text that say what the folder is.
struct StoreFormat: Hashable, Sendable {
    static let version = 1
    var identity: JournalIdentity
    var shards: Int

    static func shardDirectory(_ shard: Int, in directory: String) -> String {
        "\(directory)/\(shardName(shard))"
    }

    /// The folder of a shard, within the store's.
    static func shardName(_ shard: Int) -> String { "shard-\(shard < 10 ? "0" : "")\(shard)" }

    /// Reads the file, makes it in a new folder, or makes it again when it was lost: from the records, or else from what
    /// is derived from them.
    ///
    /// Throws `.newer` for that of a later release, and changes nothing then. Blocks.
    static func load(_ directory: String, shards: Int, events: EventRecorder) throws(JournalError) -> StoreFormat {
        let path = directory + "/FORMAT"
        if let bytes = WholeFile.contents(path, maximum: 4096) {
            if let format = StoreFormat(bytes) { return format }
            if let version = laterVersion(bytes) { throw .newer(version: version) }
        }
        let found = try recover(directory)
        if let found { events.record(.formatRestored, ["store.shards": .count(found.shards)]) }
        let format = found ?? StoreFormat(identity: .random(), shards: shards)
        let isWritten = WholeFile.replace(path, with: format.text, durable: true)
        // What was found once is found again by the next start; until then mail can be read, as on a full disk.
        if !isWritten, found == nil { throw .system(errno: errno, call: "rename") }
        return format
    }

    private static func recover(_ directory: String) throws(JournalError) -> StoreFormat? {
        let shards = try Directories.entries(directory).filter { $0.hasPrefix("shard-") }.sorted()
        // What is derived may be left of another store, so that the records of every shard are asked first.
        for identity in [Journal.identityOfRecords, Journal.identityOfDerived] {
            for shard in shards {
                guard let identity = identity("\(directory)/\(shard)") else { continue }
                return StoreFormat(identity: identity, shards: shards.count)
            }
        }
        if let identity = SnapshotFiles.identity(in: directory) {
            return StoreFormat(identity: identity, shards: shards.count)
        }
        // Something is there, and none of it can be read: no new store is put in its place.
        if shards.contains(where: { Journal.hasRecords(in: "\(directory)/\($0)") }) { throw .foreign }
        return nil
    }

    /// The number of the shard that has an account's records.
    func shard(of account: AccountID) -> Int { Self.shard(of: account, among: shards) }

    static func shard(of account: AccountID, among shards: Int) -> Int {
        Int((account.rawValue &* 0x9E37_79B9_7F4A_7C15) >> 32 % UInt64(shards))
    }

    var text: [UInt8] {
        let fields = "martlet-store \(Self.version)\nidentity \(identity.text)\nshards \(shards)\n"
        return Array("\(fields)sum \(Self.sum(of: fields))\n".utf8)
    }

    /// A wrong identity would make every record a stranger's: the file has a checksum.
    static func sum(of fields: String) -> String {
        var sum = ByteWriter(reserving: 4)
        sum.integer(CRC32C.of(Array(fields.utf8)))
        return Hex.encode(sum.bytes)
    }

    /// The version in the first line of a whole file, when it is a later one: whatever lines follow, the last is their sum.
    static func laterVersion(_ bytes: [UInt8]) -> UInt8? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let first = text.split(separator: "\n").first?.split(separator: " "), first.count == 2,
            first[0] == "martlet-store", let version = UInt8(first[1]), version > Self.version,
            let last = text.dropLast().lastIndex(of: "\n")
        else { return nil }
        let fields = String(text[...last])
        return text == "\(fields)sum \(sum(of: fields))\n" ? version : nil
    }

    init(identity: JournalIdentity, shards: Int) {
        self.identity = identity
        self.shards = max(1, min(shards, 64))
    }

    init?(_ bytes: [UInt8]) {
        var fields: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2 { fields[String(words[0])] = String(words[1]) }
        }
        guard fields["martlet-store"] == "\(Self.version)", let shards = fields["shards"].flatMap({ Int($0) }),
            (1...64).contains(shards), let octets = fields["identity"].flatMap({ Hex.decode($0.utf8) })
        else { return nil }
        var reader = ByteReader(octets)
        guard octets.count == 16, let high = try? reader.integer(UInt64.self),
            let low = try? reader.integer(UInt64.self)
        else { return nil }
        self.init(identity: JournalIdentity(high: high, low: low), shards: shards)
        guard bytes == text else { return nil }
    }
}
