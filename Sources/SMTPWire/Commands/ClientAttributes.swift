// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// For whom a trusted proxy speaks (XCLIENT, as Postfix has it).
///
/// `XCLIENT ADDR=192.0.2.1 PORT=4711 NAME=mx.example.org HELO=mx.example.org PROTO=ESMTP`
package struct ClientAttributesCommand: Sendable, Hashable {
    /// The attributes that are understood.
    package static let names = ["NAME", "ADDR", "PORT", "PROTO", "HELO"]

    /// A numeric address, without the prefix `IPV6:`; `nil` when it is not known.
    package var address: String?
    /// `nil` when it is not known.
    package var port: UInt16?
    /// The others as they came, decoded, by name.
    package var others: [String: String] = [:]

    package init(address: String?, port: UInt16? = nil) {
        self.address = address
        self.port = port
    }

    // xclient-command = XCLIENT 1*( SP attribute-name"="attribute-value )    values are xtext (RFC 3461 §4)
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        let parameters = try scanner.parameters(in: line)
        guard !parameters.isEmpty else { throw scanner.error(.argument, "attributes") }
        for parameter in parameters {
            guard let value = XText.decode(try parameter.required("a value")), value.utf8.count <= 255,
                value.utf8.allSatisfy({ $0 >= ASCII.space && $0 != 0x7F })
            else { throw parameter.invalid("xtext") }
            try take(parameter, Self.isUnknown(value) ? nil : value)
        }
    }

    private static func isUnknown(_ value: String) -> Bool {
        ["[UNAVAILABLE]", "[TEMPUNAVAIL]"].contains(ASCII.uppercased(value))
    }

    private mutating func take(_ parameter: ESMTPParameter, _ value: String?) throws(SMTPSyntaxError) {
        switch parameter.keyword {
        case "ADDR":
            guard let value else { return }
            let isSix = ASCII.uppercased(String(value.prefix(5))) == "IPV6:"
            let host = isSix ? String(value.dropFirst(5)) : value
            guard !host.isEmpty else { throw parameter.invalid("an address") }
            address = host
        case "PORT":
            guard let value else { return }
            guard let number = Decimal.parse(value.utf8, maximum: 65_535) else { throw parameter.invalid("a port") }
            port = UInt16(number)
        case "NAME", "PROTO", "HELO", "DESTADDR", "DESTPORT": others[parameter.keyword] = value
        // A log-on that somebody else has checked is none here.
        case "LOGIN" where value == nil: break
        default: throw parameter.invalid("no \(parameter.keyword)")
        }
    }

    /// What follows the verb.
    var arguments: String {
        var words: [String] = []
        if let address { words.append("ADDR=" + XText.encode(address.contains(":") ? "IPV6:" + address : address)) }
        if let port { words.append("PORT=\(port)") }
        for (name, value) in others.sorted(by: { $0.key < $1.key }) { words.append("\(name)=\(XText.encode(value))") }
        return words.isEmpty ? "ADDR=[UNAVAILABLE]" : words.joined(separator: " ")
    }
}
