// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Journal
import JournalStore
import Runtime

/// Any octets as the small files of a store (FORMAT, a backup's MANIFEST, snapshots, `newest-00`, `upkeep`), as they are
/// and with a right sum: refused, or what they say.
@main
enum FuzzStoreFiles {
    private static let identity = JournalIdentity(high: 1, low: 2)

    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let text = String(decoding: input, as: UTF8.self)
        for octets in [input, StoreParsers.signedFormat(text)] {
            if let shards = StoreParsers.format(octets) { precondition((1...64).contains(shards)) }
        }
        for octets in [input, Array("\(text)sum \(CRC32C.of(Array(text.utf8)))\n".utf8)] { _ = StoreParsers.upkeep(octets) }
        checkManifest(Array(text.utf8))
        checkBinary(input)
    }

    private static func checkManifest(_ lines: [UInt8]) {
        let sum = Array("sum \(Hex.encode(Digest.sha256(lines)))\n".utf8)
        for octets in [lines, lines + sum] {
            for path in StoreParsers.manifest(octets) ?? [] {
                precondition(path == "FORMAT" || path.hasPrefix("shard-"), "nothing outside of a store")
                precondition(!path.contains("..") && path.filter { $0 == "/" }.count <= 1, "no other folder")
            }
        }
    }

    private static func checkBinary(_ input: [UInt8]) {
        _ = StoreParsers.newest(input, identity)
        _ = StoreParsers.snapshot(input, account: 7, identity)
        for magic in [0x3157_534D, 0x314E_534D] as [UInt32] {
            var writer = ByteWriter(reserving: input.count + 32)
            writer.integer(magic)
            if magic == 0x314E_534D { writer.integer(UInt32(1)) }
            writer.integer(identity.high)
            writer.integer(identity.low)
            writer.bytes += input
            writer.integer(CRC32C.of(writer.bytes))
            _ = StoreParsers.newest(writer.bytes, identity)
            if let state = StoreParsers.snapshot(writer.bytes, account: 7, identity) {
                precondition(state.count < input.count)
            }
        }
    }
}
