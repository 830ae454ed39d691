// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import Locking
internal import MailStore
internal import Runtime

/// Which damaged messages are whole once flipped bits in them are put right, by the SHA-256 in their records.
///
/// The checksum of a chunk finds a single flipped bit, and takes other damage for one in 1 of 8,000 cases; the digest
/// of the message is the other proof.
final class MendedBodies: Sendable {
    private struct Key: Hashable {
        var shard: Int
        var record: RecordPosition
    }

    /// More are forgotten, and looked at again.
    private static let maximumKnown = 4096
    private static let stepOctets: UInt64 = 1 << 20

    private let known = Lock<[Key: Bool]>([:])

    /// Whether a body that does not verify may be read with its bits put right.
    ///
    /// All of it is read for that, once in the life of the process.
    func isProven(_ address: BodyAddress, _ shard: Int, _ journal: Journal) async -> Bool {
        let key = Key(shard: shard, record: address.record)
        if let answer = known.withLock({ $0[key] }) { return answer }
        let answer = await BlockingPool.shared.run { Self.prove(address, journal) }
        known.withLock { known in
            if known.count >= Self.maximumKnown { known.removeAll() }
            known[key] = answer
        }
        return answer
    }

    /// Blocks.
    static func prove(_ address: BodyAddress, _ journal: Journal) -> Bool {
        guard let entry = try? journal.record(at: address.record), entry.body.length == address.length,
            let message = LogRecord.decode(entry.metadata)?.record.asMessage
        else { return false }
        let hasher = SHA256Hasher()
        var offset: UInt64 = 0
        while offset < address.length {
            let part = offset..<min(address.length, offset + stepOctets)
            guard let octets = try? journal.readBlocking(address, part, mending: true), octets.lost.isEmpty else {
                return false
            }
            hasher.add(octets.bytes)
            offset = part.upperBound
        }
        return hasher.finish() == message.sha256
    }
}
