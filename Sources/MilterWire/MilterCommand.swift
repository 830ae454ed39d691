// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What the server tells a filter.
package enum MilterCommand: Sendable, Hashable {
    /// Where a client is.
    package enum Peer: Sendable, Hashable {
        case ipv4(String, port: UInt16)
        case ipv6(String, port: UInt16)
        case unix(String)
        case unknown
    }

    case negotiate(MilterTerms)
    /// Values for the command that follows, in pairs.
    case macros(of: MilterStage, [(name: String, value: String)])
    case connect(host: String, Peer)
    case hello(String)
    /// The path in angle brackets, then the parameters.
    case mail([String])
    case recipient([String])
    case data
    /// A field without its colon and line end; lines of a folded one end with LF.
    case header(name: [UInt8], value: [UInt8])
    case endOfHeaders
    /// 65,535 octets at most.
    case body([UInt8])
    case endOfMessage
    /// This message is over; no answer.
    case abort
    /// No answer.
    case quit

    /// Octets of a message in one packet.
    package static let maximumBodyOctets = 65_535

    package var encoded: [UInt8] {
        let (kind, payload) = parts
        let length = UInt32(clamping: payload.count + 1)
        var packet = Self.octets(length)
        packet.reserveCapacity(payload.count + 5)
        packet.append(kind)
        return packet + payload
    }

    private var parts: (UInt8, [UInt8]) {
        switch self {
        case .negotiate(let terms):
            let words = [terms.version, terms.actions.rawValue, terms.omissions.rawValue]
            return (UInt8(ascii: "O"), words.flatMap(Self.octets))
        case .macros(let stage, let pairs):
            return (UInt8(ascii: "D"), [Self.kind(of: stage)] + Self.strings(pairs.flatMap { [$0.name, $0.value] }))
        case .connect(let host, let peer): return (UInt8(ascii: "C"), Self.strings([host]) + Self.encode(peer))
        case .hello(let name): return (UInt8(ascii: "H"), Self.strings([name]))
        case .mail(let words): return (UInt8(ascii: "M"), Self.strings(words))
        case .recipient(let words): return (UInt8(ascii: "R"), Self.strings(words))
        case .data: return (UInt8(ascii: "T"), [])
        case .header(let name, let value):
            return (UInt8(ascii: "L"), Self.withoutNull(name) + [0] + Self.withoutNull(value) + [0])
        case .endOfHeaders: return (UInt8(ascii: "N"), [])
        case .body(let octets): return (UInt8(ascii: "B"), octets)
        case .endOfMessage: return (UInt8(ascii: "E"), [])
        case .abort: return (UInt8(ascii: "A"), [])
        case .quit: return (UInt8(ascii: "Q"), [])
        }
    }

    private static func kind(of stage: MilterStage) -> UInt8 {
        switch stage {
        case .connect: UInt8(ascii: "C")
        case .hello: UInt8(ascii: "H")
        case .mail: UInt8(ascii: "M")
        case .recipient: UInt8(ascii: "R")
        case .data: UInt8(ascii: "T")
        case .endOfMessage: UInt8(ascii: "E")
        case .endOfHeaders: UInt8(ascii: "N")
        }
    }

    private static func encode(_ peer: Peer) -> [UInt8] {
        switch peer {
        case .ipv4(let address, let port): [UInt8(ascii: "4")] + octets(port) + strings([address])
        case .ipv6(let address, let port): [UInt8(ascii: "6")] + octets(port) + strings([address])
        case .unix(let path): [UInt8(ascii: "L")] + octets(UInt16(0)) + strings([path])
        case .unknown: [UInt8(ascii: "U")]
        }
    }

    /// In network order.
    private static func octets(_ value: some FixedWidthInteger) -> [UInt8] {
        stride(from: value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// Each with a null octet behind it; what holds one is cut there.
    private static func strings(_ texts: [String]) -> [UInt8] {
        texts.flatMap { text in text.utf8.prefix { $0 != 0 } + [0] }
    }

    private static func withoutNull(_ octets: [UInt8]) -> [UInt8] {
        octets.contains(0) ? octets.filter { $0 != 0 } : octets
    }

    package static func == (a: MilterCommand, b: MilterCommand) -> Bool { a.encoded == b.encoded }
    package func hash(into hasher: inout Hasher) { hasher.combine(encoded) }
}
