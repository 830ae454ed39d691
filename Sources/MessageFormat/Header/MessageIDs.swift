// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The ids in a Message-ID, In-Reply-To or References field (RFC 5322 §3.6.4).
package enum MessageIDs {
    /// Most ids that are read of one field.
    package static let maximumCount = 1000
    /// RFC 5322 §2.1.1: no id is longer than a line.
    private static let maximumOctets = 998

    /// What stands in angle brackets, in order, without white space and without the quotes of a local part (RFC 5256
    /// §3: ids that mean the same are the same).
    package static func list(in value: [UInt8]) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var start: Int?
        for (place, octet) in value.enumerated() where found.count < maximumCount {
            if octet == UInt8(ascii: "<") {
                start = place + 1
            } else if octet == UInt8(ascii: ">"), let first = start {
                if first < place, place - first <= maximumOctets, let id = normalized(value[first..<place]) {
                    found.append(id)
                }
                start = nil
            }
        }
        return found
    }

    /// As much of a References field as is kept beside a message: the first id, and the last ones.
    package static func kept(of value: [UInt8]) -> [UInt8] {
        var ids = list(in: value)
        if ids.count > keptCount { ids = [ids[0]] + ids.suffix(keptCount - 1) }
        return Array(ids.map { [UInt8(ascii: "<")] + $0 + [UInt8(ascii: ">")] }.joined(separator: [ASCII.space]))
    }

    private static let keptCount = 32

    private static func normalized(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let octets = text.filter { $0 > ASCII.space }
        guard octets.first == ASCII.quote, let at = octets.lastIndex(of: 0x40), at > 1, octets[at - 1] == ASCII.quote
        else {
            return octets.isEmpty ? nil : octets
        }
        var local: [UInt8] = []
        var isEscaped = false
        for octet in octets[1..<(at - 1)] {
            if octet == ASCII.backslash, !isEscaped {
                isEscaped = true
            } else {
                local.append(octet)
                isEscaped = false
            }
        }
        return local + octets[at...]
    }
}
