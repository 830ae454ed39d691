// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Looks for single octets, as fast as the C library does.
public enum OctetSearch {
    /// Where `octet` first is in `octets`, at `start` (0 or more) or behind; `nil` when it is not.
    ///
    /// For any thread.
    public static func first(_ octet: UInt8, in octets: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < octets.count, let base = octets.baseAddress,
            let found = unsafe memchr(base + start, Int32(octet), octets.count - start)
        else { return nil }
        return unsafe base.distance(to: UnsafeRawPointer(found))
    }
}
