// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CZstd
internal import Locking

/// Zstandard frames (RFC 8878), each made and read as a whole.
///
/// For what the server itself wrote and keeps a checksum of; reading is total all the same: octets that are no frame, or
/// one of another length than was asked for, give `nil`. Thread-safe, and never waits; for any thread.
package enum Zstd {
    /// Quick: near the rate of the disk, for text about half the size.
    package static let quickLevel = 1
    /// What is written once and read often.
    package static let storageLevel = 3

    private static let compressors = ContextPool()
    private static let decompressors = ContextPool()

    /// The frame of `bytes`; `nil` when it would have more than `maximum` octets, or there is no memory for it.
    package static func compress(_ bytes: RawSpan, level: Int = storageLevel, maximum: Int = .max) -> [UInt8]? {
        guard let context = unsafe compressors.take() ?? ZSTD_createCCtx() else { return nil }
        defer { if unsafe !compressors.keep(context) { unsafe ZSTD_freeCCtx(context) } }
        let capacity = min(maximum, ZSTD_compressBound(bytes.byteCount))
        guard capacity > 0 else { return nil }
        var isMade = false
        let frame = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
            let result = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compressCCtx(
                    context,
                    target.baseAddress,
                    capacity,
                    source.baseAddress,
                    source.count,
                    Int32(clamping: level)
                )
            }
            isMade = ZSTD_isError(result) == 0
            count = isMade ? result : 0
        }
        return isMade ? frame : nil
    }

    /// What was compressed, when that has exactly `count` octets; never more than `count` octets are written.
    package static func decompress(_ frame: RawSpan, count: Int) -> [UInt8]? {
        guard count >= 0, let context = unsafe decompressors.take() ?? ZSTD_createDCtx() else { return nil }
        defer { if unsafe !decompressors.keep(context) { unsafe ZSTD_freeDCtx(context) } }
        var isWhole = false
        // One octet more than none, so that an empty target has an address.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { target, filled in
            let result = unsafe frame.withUnsafeBytes { source in
                unsafe ZSTD_decompressDCtx(context, target.baseAddress, count, source.baseAddress, source.count)
            }
            isWhole = result == count
            filled = isWhole ? count : 0
        }
        return isWhole ? bytes : nil
    }
}

/// Contexts that are not in use, as addresses: making one costs more than compressing a small chunk.
///
/// A context has one owner: who took it, or the pool.
private struct ContextPool: ~Copyable, Sendable {
    /// Few threads compress at once; what comes back beyond this is freed.
    private static let maximum = 8
    private let idle = Lock<[UInt]>([])

    func take() -> OpaquePointer? {
        unsafe idle.withLock { $0.popLast() }.flatMap { unsafe OpaquePointer(bitPattern: $0) }
    }

    /// False: the pool is full, and the context still the caller's.
    func keep(_ context: OpaquePointer) -> Bool {
        let address = UInt(bitPattern: context)
        return idle.withLock { idle in
            guard idle.count < Self.maximum else { return false }
            idle.append(address)
            return true
        }
    }
}
