// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The boundaries of the multiparts that are open, innermost last, and the search for them at line starts.
///
/// A line costs one hash over its octets and one comparison of numbers per open multipart, so that no nesting of
/// look-alike boundaries makes the search more than linear in the message's size.
struct BoundaryStack {
    private struct Entry {
        var level: Int
        var hash: UInt64
        var octets: [UInt8]
    }

    private var entries: [Entry] = []
    /// How many entries have a hash with these low eight bits: most lines end here.
    private var occurrences = [UInt16](repeating: 0, count: 256)
    private let maximumOctets: Int

    init(maximumOctets: Int) { self.maximumOctets = maximumOctets }

    var isEmpty: Bool { entries.isEmpty }

    /// `level` names the frame that the boundary belongs to; levels ascend.
    mutating func push(_ boundary: [UInt8], level: Int) {
        let hash = Self.hash(boundary)
        entries.append(Entry(level: level, hash: hash, octets: boundary))
        occurrences[Int(hash & 255)] += 1
    }

    /// True when a multipart within the one of `level` waits for its closing delimiter.
    func hasOpen(above level: Int) -> Bool { (entries.last?.level ?? -1) > level }

    /// Drops the boundaries of this level and those within it.
    mutating func drop(from level: Int) {
        while let last = entries.last, last.level >= level {
            occurrences[Int(last.hash & 255)] -= 1
            entries.removeLast()
        }
    }

    // delimiter := CRLF "--" boundary; close-delimiter := delimiter "--"; then transport-padding    RFC 2046 §5.1.1
    /// The innermost frame whose delimiter the line `start..<end` is.
    ///
    /// The whole line must be it: RFC 2046 lets a prefix suffice, but boundaries that are prefixes of others are more
    /// common than lines with text after a delimiter.
    func match(_ start: Int, _ end: Int, in view: ByteView) -> (level: Int, closing: Bool)? {
        guard view[start] == hyphen, view[start + 1] == hyphen, !entries.isEmpty else { return nil }
        var last = end
        while last > start + 2, let octet = view[last - 1], ASCII.isBlank(octet) || octet == ASCII.cr { last -= 1 }
        let line = (start + 2)..<last
        guard line.count <= maximumOctets + 2 else { return nil }
        let ends = view[last - 1] == hyphen && view[last - 2] == hyphen && line.count > 2
        let (shortHash, fullHash) = Self.hashes(line, in: view)
        guard occurrences[Int(fullHash & 255)] > 0 || (ends && occurrences[Int(shortHash & 255)] > 0) else {
            return nil
        }
        for entry in entries.reversed() {
            if entry.hash == fullHash, entry.octets.count == line.count, view.contains(entry.octets, at: start + 2) {
                return (entry.level, false)
            }
            if ends, entry.hash == shortHash, entry.octets.count == line.count - 2,
                view.contains(entry.octets, at: start + 2)
            {
                return (entry.level, true)
            }
        }
        return nil
    }

    private var hyphen: UInt8 { UInt8(ascii: "-") }

    // FNV-1a: short, and collisions only cost a comparison.
    private static let basis: UInt64 = 0xCBF2_9CE4_8422_2325
    private static func mix(_ hash: UInt64, _ octet: UInt8) -> UInt64 { (hash ^ UInt64(octet)) &* 0x100_0000_01B3 }

    private static func hash(_ octets: [UInt8]) -> UInt64 { octets.reduce(basis, mix) }

    /// The hash of the line without its last two octets, and of all of it.
    private static func hashes(_ range: Range<Int>, in view: ByteView) -> (short: UInt64, full: UInt64) {
        var short = basis
        var hash = basis
        for index in range {
            if index == range.upperBound - 2 { short = hash }
            hash = mix(hash, view[index] ?? 0)
        }
        return (short, hash)
    }
}
