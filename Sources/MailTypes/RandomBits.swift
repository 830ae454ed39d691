// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// Random numbers of the system, fetched some at a time: a message needs several, and each would be a system call.
///
/// From any thread.
enum RandomBits {
    private static let kept = Lock<[UInt64]>([])

    static func next() -> UInt64 {
        kept.withLock { kept in
            if let number = kept.popLast() { return number }
            kept = fetch()
            return kept.popLast() ?? .random(in: .min ... .max)
        }
    }

    /// 256 octets are the most that getentropy(3) gives, whole or not at all.
    private static func fetch() -> [UInt64] {
        var numbers = [UInt64](repeating: 0, count: 32)
        let status = unsafe numbers.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
        return status == 0 ? numbers : []
    }
}
