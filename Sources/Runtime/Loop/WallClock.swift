// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// The time of day.
package enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    ///
    /// From any thread.
    package static var nanoseconds: Int64 { CLinux_realtime() }

    /// Seconds since 1970-01-01T00:00:00Z.
    package static var seconds: Int64 { nanoseconds / 1_000_000_000 }
}
