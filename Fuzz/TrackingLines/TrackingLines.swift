// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import FuzzDriver

/// Any octets as a line of the tracking log: refused, or a step that reads back as it is written and is found again.
@main
enum FuzzTrackingLines {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        do throws(TrackingParsers.Fault) {
            _ = try TrackingParsers.line(input)
        } catch {
            fatalError("\(error)")
        }
    }
}
