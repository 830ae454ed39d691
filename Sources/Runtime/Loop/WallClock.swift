// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The time of day.
package enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z. From any thread.
    package static var nanoseconds: Int64 {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    package static var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
