// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The order of octet strings, found as fast as the C library does.
public enum OctetOrder {
    /// Less than 0 when the first comes first, greater when the second does, 0 when they are the same.
    ///
    /// Of two that begin alike the shorter one comes first. For any thread.
    public static func compare(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Int {
        if let a = first.baseAddress, let b = second.baseAddress {
            let difference = unsafe memcmp(a, b, min(first.count, second.count))
            if difference != 0 { return Int(difference) }
        }
        return first.count - second.count
    }
}
