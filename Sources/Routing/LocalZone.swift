// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What the clock on the wall shows.
package struct LocalZone: Sendable {
    /// Seconds east of UTC at a moment, given in seconds since 1970-01-01T00:00:00Z.
    package let offset: @Sendable (Int64) -> Int64

    package init(_ offset: @escaping @Sendable (Int64) -> Int64) { self.offset = offset }

    package static let utc = LocalZone { _ in 0 }

    /// The machine's (`TZ`, /etc/localtime).
    package static let system: LocalZone = {
        tzset()
        return LocalZone { seconds in
            var moment = time_t(seconds)
            var fields = unsafe tm()
            guard unsafe localtime_r(&moment, &fields) != nil else { return 0 }
            return unsafe Int64(fields.tm_gmtoff)
        }
    }()
}
