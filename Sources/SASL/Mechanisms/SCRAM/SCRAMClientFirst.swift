// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The client's first message (RFC 5802 §7).
///
/// ```
/// client-first-message = gs2-header client-first-message-bare
/// gs2-header = gs2-cbind-flag "," [ authzid ] ","
/// gs2-cbind-flag = ("p=" cb-name) / "n" / "y"
/// client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]
/// ```
struct SCRAMClientFirst: Sendable, Hashable {
    /// What the client thinks of channel binding.
    enum Binding: Sendable, Hashable {
        /// `n`: it has none.
        case none
        /// `y`: it has, and believes that the server has not.
        case notOffered
        /// `p=`: it binds to this type.
        case required(String)
    }

    /// Octets of a nonce: clients send some 30; what is longer only fills memory.
    static let maximumNonceOctets = 512

    let binding: Binding
    let user: String
    let nonce: [UInt8]
    /// gs2-header, as it came.
    let header: [UInt8]
    /// client-first-message-bare, as it came.
    let bare: [UInt8]

    init(_ message: [UInt8]) throws(SASLFailure) {
        let parts = message.split(separator: SCRAM.comma, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed(.notSCRAM) }
        binding = try Self.binding(parts[0])
        bare = Array(parts[2])
        header = Array(message.dropLast(bare.count))
        let attributes = parts[2].split(separator: SCRAM.comma, omittingEmptySubsequences: false)
        guard let first = attributes.first, !first.starts(with: "m=".utf8) else {
            throw .malformed(.mandatoryExtension)
        }
        guard attributes.count >= 2, let name = SCRAM.value("n", first), let nonce = SCRAM.value("r", attributes[1]),
            attributes.dropFirst(2).allSatisfy(SCRAM.isAttribute)
        else { throw .malformed(.notSCRAM) }
        guard (1...Self.maximumNonceOctets).contains(nonce.count), nonce.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed(.badNonce)
        }
        guard let octets = SCRAM.unescaped(name), let user = SASLCredentials.user(octets) else {
            throw .malformed(.badUserName)
        }
        self.nonce = Array(nonce)
        self.user = user
        try Self.check(parts[1], against: octets)
    }

    private static func binding(_ flag: ArraySlice<UInt8>) throws(SASLFailure) -> Binding {
        if flag.elementsEqual("n".utf8) { return .none }
        if flag.elementsEqual("y".utf8) { return .notOffered }
        // cb-name = 1*(ALPHA / DIGIT / "." / "-")
        guard let name = SCRAM.value("p", flag), (1...64).contains(name.count),
            name.allSatisfy({ ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == 0x2E || $0 == 0x2D })
        else { throw .malformed(.notSCRAM) }
        return .required(String(decoding: name, as: UTF8.self))
    }

    // authzid = "a=" saslname; nobody acts for others. GNU SASL writes one that is empty.
    private static func check(_ authorization: ArraySlice<UInt8>, against user: [UInt8]) throws(SASLFailure) {
        guard !authorization.isEmpty else { return }
        guard let name = SCRAM.value("a", authorization).flatMap(SCRAM.unescaped) else { throw .malformed(.notSCRAM) }
        guard name.isEmpty || ASCII.equalIgnoringCase(name, user) else { throw .notAuthorized }
    }
}

/// The syntax that messages of SCRAM share (RFC 5802 §5.1, §7).
enum SCRAM {
    static let comma = UInt8(ascii: ",")

    /// The value of an attribute with this name; `nil` when it is another one.
    static func value(_ name: String, _ attribute: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard attribute.starts(with: name.utf8), attribute.dropFirst(name.utf8.count).first == UInt8(ascii: "=") else {
            return nil
        }
        return attribute.dropFirst(name.utf8.count + 1)
    }

    // attr-val = ALPHA "=" value
    static func isAttribute(_ octets: ArraySlice<UInt8>) -> Bool {
        guard let first = octets.first, ASCII.isAlpha(first) else { return false }
        return octets.count > 2 && octets.dropFirst().first == UInt8(ascii: "=") && !octets.contains(0)
    }

    // saslname = 1*(value-safe-char / "=2C" / "=3D")
    static func unescaped(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        var rest = name
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "=") else {
                octets.append(octet)
                continue
            }
            switch String(decoding: rest.prefix(2), as: UTF8.self) {
            case "2C": octets.append(comma)
            case "3D": octets.append(UInt8(ascii: "="))
            default: return nil
            }
            rest = rest.dropFirst(2)
        }
        return octets
    }
}
