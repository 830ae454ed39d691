// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The type of a record, or of what is asked for (RFC 1035 §3.2.2).
package struct RecordType: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ rawValue: UInt16) { self.rawValue = rawValue }

    package static let a = RecordType(1)
    package static let ns = RecordType(2)
    package static let cname = RecordType(5)
    package static let soa = RecordType(6)
    package static let ptr = RecordType(12)
    package static let mx = RecordType(15)
    package static let txt = RecordType(16)
    /// RFC 3596.
    package static let aaaa = RecordType(28)
    /// RFC 2782.
    package static let srv = RecordType(33)
    /// RFC 6891: not a record of a name, but about the message.
    package static let opt = RecordType(41)
    /// RFC 4034 §2, kept as octets.
    package static let dnskey = RecordType(48)
    /// RFC 6698.
    package static let tlsa = RecordType(52)

    private static let names: [(type: RecordType, name: String)] = [
        (a, "A"), (ns, "NS"), (cname, "CNAME"), (soa, "SOA"), (ptr, "PTR"), (mx, "MX"), (txt, "TXT"), (aaaa, "AAAA"),
        (srv, "SRV"), (opt, "OPT"), (dnskey, "DNSKEY"), (tlsa, "TLSA"),
    ]

    /// Reads `MX`, in any case, or `TYPE65` (RFC 3597 §5).
    package init?(_ text: String) {
        let name = text.uppercased()
        if let known = Self.names.first(where: { $0.name == name }) {
            self = known.type
        } else if name.hasPrefix("TYPE"), let number = UInt16(name.dropFirst(4)) {
            self.init(number)
        } else {
            return nil
        }
    }

    package var description: String { Self.names.first { $0.type == self }?.name ?? "TYPE\(rawValue)" }
}

/// How it went, as the server says (RFC 1035 §4.1.1, RFC 6895 §2.3).
package struct ResponseCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ rawValue: UInt16) { self.rawValue = rawValue }

    package static let noError = ResponseCode(0)
    package static let formatError = ResponseCode(1)
    package static let serverFailure = ResponseCode(2)
    package static let nameError = ResponseCode(3)
    package static let notImplemented = ResponseCode(4)
    package static let refused = ResponseCode(5)

    private static let names = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]

    package var description: String {
        Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "RCODE\(rawValue)"
    }
}
