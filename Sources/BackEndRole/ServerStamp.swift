// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Takes the fields off that this server put in front of a message when it came in: what lists say, and Received.
///
/// What follows is as its sender wrote it, but for fields that the message lacked.
///
/// Used by one task.
struct ServerStamp {
    /// Longer than these fields ever are.
    private static let maximum = 64 << 10

    /// What may still belong to a field of ours; `nil` when they are past.
    private var held: [UInt8]? = []

    /// What of these octets is the message's.
    mutating func withoutStamp(_ bytes: [UInt8]) -> [UInt8] {
        guard var octets = held else { return bytes }
        octets += bytes
        guard let end = Self.end(of: octets, isWhole: octets.count > Self.maximum) else {
            held = octets
            return []
        }
        held = nil
        return Array(octets[end...])
    }

    /// The message is whole: what was held back of it.
    mutating func finish() -> [UInt8] {
        defer { held = nil }
        guard let octets = held else { return [] }
        return Array(octets[(Self.end(of: octets, isWhole: true) ?? 0)...])
    }

    /// Where the fields end; `nil` when more octets must tell.
    private static func end(of octets: [UInt8], isWhole: Bool) -> Int? {
        var start = 0
        for name in ["X-Martlet-Listed:", "Received:"] {
            guard octets.count - start >= name.utf8.count || isWhole else { return nil }
            guard ASCII.equalIgnoringCase(octets[start...].prefix(name.utf8.count), name.utf8) else { continue }
            guard let next = fieldEnd(octets, from: start) else { return isWhole ? start : nil }
            start = next
        }
        return start
    }

    /// Behind the field's last line: the next one does not begin with a blank.
    private static func fieldEnd(_ octets: [UInt8], from start: Int) -> Int? {
        var line = start
        while let lf = octets[line...].firstIndex(of: ASCII.lf) {
            line = lf + 1
            guard line < octets.count else { return nil }
            if !ASCII.isBlank(octets[line]) { return line }
        }
        return nil
    }
}
