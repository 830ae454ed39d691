// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Runtime
import SMTPServer

/// Any octets as a greylist that was kept: it is taken whole or not at all, and what was taken is written again. The
/// checksum is put right first, so that what lies behind it is reached.
@main
enum FuzzGreylistFiles {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        for octets in [input, withChecksum(input)] {
            let list = Greylist(SharedTable(slots: 4096)) { 1_800_000_000 }
            let isTaken = list.restore(octets)
            precondition(list.count <= octets.count / 16)
            precondition(isTaken || list.count == 0)
            let again = Greylist(SharedTable(slots: 4096)) { 1_800_000_000 }
            precondition(again.restore(list.encoded()) && again.count <= list.count)
        }
    }

    nonisolated static func withChecksum(_ input: [UInt8]) -> [UInt8] {
        let content = Array(input.dropLast(4))
        var writer = ByteWriter()
        writer.integer(CRC32C.of(content))
        return content + writer.bytes
    }
}
