// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// The name of a file in the pickup folder: octets, in whatever character set its program writes.
package struct PickupName: Sendable, Hashable, Comparable {
    package let octets: [UInt8]

    package init(_ octets: [UInt8]) { self.octets = octets }
    package init(_ text: String) { octets = Array(text.utf8) }

    private static let suffix = Array(".eml".utf8)
    /// NAME_MAX of Linux.
    private static let maximumOctets = 255

    var isHidden: Bool { octets.first == UInt8(ascii: ".") }
    /// It has the suffix of whole messages.
    var mayBeMessage: Bool { !isHidden && octets.suffix(Self.suffix.count).elementsEqual(Self.suffix) }
    /// For people: what is no UTF-8 is shown as U+FFFD.
    var text: String { String(decoding: octets, as: UTF8.self) }

    /// As the system's calls take it, with the zero at its end.
    func path(in folder: String) -> [CChar] {
        (Array("\(folder)/".utf8) + octets).map { CChar(bitPattern: $0) } + [0]
    }

    /// Its name when it is set aside, which no other file has.
    func asideName(_ trace: TraceID) -> PickupName {
        let front = Array("\(trace)-".utf8)
        return PickupName(front + octets.suffix(Self.maximumOctets - front.count))
    }

    package static func < (a: PickupName, b: PickupName) -> Bool { a.octets.lexicographicallyPrecedes(b.octets) }
}
