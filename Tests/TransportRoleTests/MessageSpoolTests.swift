// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing
import TransportRole

@Suite(.timeLimit(.minutes(20))) struct MessageSpoolTests {
    @Test(arguments: [0, 1, 1000, MessageSpool.memoryOctets, MessageSpool.memoryOctets + 1, 1_000_000], [0, 10])
    func `What goes in comes out, digest and all`(count: Int, leftOut: Int) async throws {
        let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let spool = MessageSpool(folder: "/tmp", leavingOut: leftOut)
        var rest = octets[...]
        while !rest.isEmpty {
            try spool.add(Array(rest.prefix(70_001)))
            rest = rest.dropFirst(70_001)
        }
        let message = spool.finish()
        #expect(message.size == UInt64(count))
        #expect(message.sha256 == Digest.sha256(Array(octets.dropFirst(leftOut))))
        var read: [UInt8] = []
        while case let piece = try await message.read(at: UInt64(read.count), maximum: 65_536), !piece.isEmpty {
            read += piece
        }
        #expect(read == octets)
    }

    @Test func `A folder that is not there is an error`() {
        let spool = MessageSpool(folder: "/nonexistent", leavingOut: 0)
        #expect(throws: IOError.self) { try spool.add([UInt8](repeating: 0, count: MessageSpool.memoryOctets + 1)) }
    }
}
