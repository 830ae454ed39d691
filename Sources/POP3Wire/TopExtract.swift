// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Finds how much of a message TOP sends: its header, the empty line, and so many lines of the body (RFC 1939 §7).
///
/// Lines end at LF here, with or without CR before it.
package struct TopExtract: Sendable {
    private var isHeader = true
    private var lineIsEmpty = true
    private var linesLeft: UInt64

    /// Whether all that is wanted has been seen.
    package private(set) var isComplete = false

    package init(bodyLines: UInt64) { linesLeft = bodyLines }

    /// The part of `chunk` that belongs to the answer.
    package mutating func take(_ chunk: [UInt8]) -> ArraySlice<UInt8> {
        var index = 0
        while index < chunk.count, !isComplete {
            see(chunk[index])
            index += 1
        }
        return chunk[..<index]
    }

    private mutating func see(_ octet: UInt8) {
        guard octet == ASCII.lf else {
            if octet != ASCII.cr { lineIsEmpty = false }
            return
        }
        if !isHeader {
            linesLeft -= 1
        } else if lineIsEmpty {
            isHeader = false
        }
        lineIsEmpty = true
        isComplete = !isHeader && linesLeft == 0
    }
}
