// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What a proxy says about a connection before the first octet of the client: the PROXY protocol, versions 1 and 2.
package enum ProxyHeader: Sendable, Hashable {
    /// The proxy speaks for itself (a health check), or does not know the client: the connection's own address counts.
    case local
    case client(SocketAddress)

    /// What octets from the start of a connection are.
    package enum Reading: Sendable, Hashable {
        case whole(ProxyHeader)
        /// So far so good; at least so many more octets belong to the header.
        case needs(Int)
        /// No such header.
        case invalid
    }

    /// Longest header of version 1, with its line end.
    static let maximumLineOctets = 107
    /// Longest header of version 2, with what it may say besides addresses.
    static let maximumOctets = 4096

    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// Reads `octets`, of which none comes behind the header when they are taken as `needs` says.
    package static func read(_ octets: [UInt8]) -> Reading {
        guard let first = octets.first else { return .needs(15) }
        return first == 0x0D ? binary(octets) : text(octets)
    }

    // MARK: Version 2

    // 12 octets of signature, version and command, family and protocol, 2 octets of length; then addresses
    private static func binary(_ octets: [UInt8]) -> Reading {
        guard octets.prefix(12).elementsEqual(signature.prefix(octets.count)) else { return .invalid }
        guard octets.count >= 16 else { return .needs(16 - octets.count) }
        let length = Int(octets[14]) << 8 | Int(octets[15])
        guard octets[12] >> 4 == 2, 16 + length <= maximumOctets else { return .invalid }
        guard octets.count >= 16 + length else { return .needs(16 + length - octets.count) }
        guard octets.count == 16 + length else { return .invalid }
        switch (octets[12] & 0x0F, octets[13]) {
        case (0, _): return .whole(.local)
        case (1, 0x11):
            guard length >= 12 else { return .invalid }
            let address = UInt32(truncatingIfNeeded: number(octets[16..<20]))
            return .whole(.client(.ipv4(address, port: UInt16(truncatingIfNeeded: number(octets[24..<26])))))
        case (1, 0x21):
            guard length >= 36 else { return .invalid }
            let port = UInt16(truncatingIfNeeded: number(octets[48..<50]))
            return .whole(.client(SocketAddress.ipv6(number(octets[16..<32]), port: port).unmapped))
        // Other families are no address that a client of ours can have.
        case (1, _): return .whole(.local)
        default: return .invalid
        }
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> UInt128 {
        octets.reduce(0) { $0 << 8 | UInt128($1) }
    }

    // MARK: Version 1

    // "PROXY" SP ("TCP4" / "TCP6") SP source SP destination SP port SP port CRLF, or "PROXY UNKNOWN" ... CRLF
    private static func text(_ octets: [UInt8]) -> Reading {
        let start = Array("PROXY ".utf8)
        guard octets.prefix(6).elementsEqual(start.prefix(octets.count)), octets.count <= maximumLineOctets else {
            return .invalid
        }
        guard octets.last == ASCII.lf else {
            guard !octets.contains(ASCII.lf), octets.count < maximumLineOctets else { return .invalid }
            // The shortest is 15 octets.
            return .needs(max(15 - octets.count, octets.last == ASCII.cr ? 1 : 2))
        }
        guard octets.dropLast().last == ASCII.cr, !octets.dropLast(2).contains(where: { ASCII.isControl($0) }) else {
            return .invalid
        }
        let words = octets.dropLast(2).split(separator: ASCII.space, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 2, words[1] != "UNKNOWN" else { return words.count >= 2 ? .whole(.local) : .invalid }
        guard words.count == 6, let port = Decimal.parse(words[4].utf8, maximum: 65_535),
            Decimal.parse(words[5].utf8, maximum: 65_535) != nil,
            let source = SocketAddress(host: words[2], port: UInt16(port)),
            let destination = SocketAddress(host: words[3], port: 0)
        else { return .invalid }
        switch (words[1], source, destination) {
        case ("TCP4", .ipv4, .ipv4): return .whole(.client(source))
        case ("TCP6", .ipv6, .ipv6): return .whole(.client(source.unmapped))
        default: return .invalid
        }
    }
}
