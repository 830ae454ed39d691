// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal
internal import Runtime

/// What a backup holds: the file MANIFEST, text.
///
///     martlet-backup 1
///     store 5f0c...                    identity, 32 hexadecimal digits
///     made 1770000000                  seconds since 1970
///     file 9f86... 67108864 shard-00/segment-0000000001.log
///     file 03ac... 4096 shard-00/removed
///     octets 4d52...                   of the file before, in hexadecimal, without zeros at the end
///     sum 2c26...                      SHA-256 of the lines before
struct BackupManifest: Sendable, Hashable {
    static let fileName = "MANIFEST"
    /// 64 shards of 100,000 segments fit.
    private static let maximumOctets = 1 << 30

    struct File: Sendable, Hashable {
        var path: String
        var size: UInt64
        /// 64 hexadecimal digits.
        var sha256: String

        /// What is in it, where the manifest has that, too: so that it can be had when the file is damaged or missing.
        var contents: [UInt8]?

        /// Contents beyond this are not taken from a manifest; twice what the longest file `removed` has.
        static let maximumContents: UInt64 = 16 << 20

        fileprivate var text: String {
            let line = "file \(sha256) \(size) \(path)\n"
            guard let contents else { return line }
            return line + "octets \(Hex.encode(contents[...(contents.lastIndex { $0 != 0 } ?? -1)]))\n"
        }

        /// Takes the octets of a line `octets`; false when they are not the file's.
        fileprivate mutating func take(octets field: Substring) -> Bool {
            guard contents == nil, size <= Self.maximumContents, let octets = Hex.decode(field.utf8),
                octets.count <= size
            else { return false }
            let all = octets + [UInt8](repeating: 0, count: Int(size) - octets.count)
            guard Hex.encode(Digest.sha256(all)) == sha256 else { return false }
            contents = all
            return true
        }
    }

    var identity: String
    /// Seconds since 1970.
    var made: Int64
    var files: [File] = []

    var octets: UInt64 { files.reduce(0) { $0 &+ $1.size } }

    func encode() -> [UInt8] {
        var text = "martlet-backup 1\nstore \(identity)\nmade \(made)\n"
        for file in files { text += file.text }
        let lines = Array(text.utf8)
        return lines + Array("sum \(Hex.encode(Digest.sha256(lines)))\n".utf8)
    }

    init(identity: String, made: Int64) {
        self.identity = identity
        self.made = made
    }

    /// `nil` for anything that is not whole, or names a file that no store has.
    init?(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, lines[0] == "martlet-backup 1" else { return nil }
        var fields: [[Substring]] = []
        for line in lines.dropFirst().dropLast(2) {
            fields.append(line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false))
        }
        guard fields[0].count == 2, fields[0][0] == "store", fields[1].count == 2, fields[1][0] == "made",
            let made = Int64(fields[1][1])
        else { return nil }
        self.init(identity: String(fields[0][1]), made: made)
        for field in fields.dropFirst(2) {
            if field.count == 2, field[0] == "octets" {
                guard let last = files.indices.last, files[last].take(octets: field[1]) else { return nil }
                continue
            }
            guard field.count == 4, field[0] == "file", let size = UInt64(field[2]), Self.isAllowed(field[3]) else {
                return nil
            }
            files.append(File(path: String(field[3]), size: size, sha256: String(field[1])))
        }
        // The sum is over what reads back to the same octets.
        guard encode() == bytes else { return nil }
    }

    /// Blocks.
    static func load(_ folder: String) -> BackupManifest? {
        WholeFile.contents("\(folder)/\(fileName)", maximum: maximumOctets).flatMap { BackupManifest($0) }
    }

    /// FORMAT, segments and what tells which were removed: nothing else is put into a store, and nothing outside of it.
    private static func isAllowed(_ path: Substring) -> Bool {
        if path == "FORMAT" { return true }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("shard-"), isNumber(parts[0].dropFirst(6), digits: 2) else {
            return false
        }
        if parts[1] == "removed" { return true }
        return parts[1].hasPrefix("segment-") && parts[1].hasSuffix(".log")
            && isNumber(parts[1].dropFirst(8).dropLast(4), digits: 10)
    }

    private static func isNumber(_ text: Substring, digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy(ASCII.isDigit)
    }
}
