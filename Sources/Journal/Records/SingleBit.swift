// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Which one bit has to be flipped for a CRC-32C to be right again.
///
/// The sum is linear: flipping a bit changes it by a value that depends only on how many bits follow, and no two places
/// within 2^31 bits change it alike. So one flipped bit is found with certainty. Octets that differ in more bits look as
/// if it were one with a probability of (bits looked at) / 2^32, and two bits never do: 1 in 7 million for a header, whose
/// other fields have to agree as well, 1 in 8,000 for a chunk of 64 KiB, which therefore needs another proof.
enum SingleBit {
    private static let polynomial: UInt32 = 0x82F6_3B78

    enum Place: Hashable {
        /// In the sum itself: the octets are right.
        case sum
        case bit(octet: Int, mask: UInt8)
    }

    /// `difference` is the exclusive or of the sum there is and the sum of what there is, which has `octets` octets.
    ///
    /// About half a millisecond for a chunk.
    static func find(difference: UInt32, octets: Int) -> Place? {
        if difference.nonzeroBitCount == 1 { return .sum }
        var value: UInt32 = 1
        let bits = octets * 8
        var following = 0
        while following < bits {
            value = (value &>> 1) ^ (polynomial & (0 &- (value & 1)))
            following &+= 1
            if value == difference {
                let index = bits - following
                return .bit(octet: index / 8, mask: 1 &<< UInt8(truncatingIfNeeded: index % 8))
            }
        }
        return nil
    }

    /// `bytes` with the bit flipped that makes their sum `sum`; `nil` when there is none.
    static func mended(_ bytes: [UInt8], sum: UInt32) -> [UInt8]? {
        switch find(difference: CRC32C.of(bytes) ^ sum, octets: bytes.count) {
        case nil: return nil
        case .sum: return bytes
        case .bit(let octet, let mask):
            var bytes = bytes
            bytes[octet] ^= mask
            return bytes
        }
    }
}
