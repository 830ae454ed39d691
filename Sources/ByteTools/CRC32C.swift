// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// CRC-32C (Castagnoli, RFC 3720 §B.4), the checksum of everything Martlet writes to disk.
public struct CRC32C: Sendable, Hashable {
    /// The checksum of what was added so far.
    public private(set) var value: UInt32

    /// Begins with nothing, or goes on from the checksum of what came before.
    public init(continuing value: UInt32 = 0) { self.value = value }

    /// Takes in the bytes that follow, by the CPU's instruction where it has one.
    public mutating func add(_ bytes: RawSpan) {
        let start = value
        value = unsafe bytes.withUnsafeBytes { unsafe CLinux_crc32c(start, $0.baseAddress, $0.count) }
    }

    /// Takes in the bytes that follow, by the CPU's instruction where it has one.
    public mutating func add(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe value = CLinux_crc32c(value, $0.baseAddress, $0.count) }
    }

    /// The checksum of these bytes alone; 0 for none.
    public static func of(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C()
        crc.add(bytes)
        return crc.value
    }

    /// The checksum of these bytes alone, read in place; 0 for none.
    public static func of(_ bytes: RawSpan) -> UInt32 {
        var crc = CRC32C()
        crc.add(bytes)
        return crc.value
    }
}
