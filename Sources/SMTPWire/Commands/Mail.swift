// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Begins a transaction (RFC 5321 §4.1.1.2).
package struct MailCommand: Sendable, Hashable {
    /// What the client says of the content (RFC 6152 §3, RFC 3030 §3).
    package enum Body: String, Sendable, Hashable {
        case sevenBit = "7BIT"
        case eightBit = "8BITMIME"
        case binary = "BINARYMIME"
    }

    /// How much of the message a report returns (RFC 3461 §4.3).
    package enum Return: String, Sendable, Hashable {
        case full = "FULL"
        case headers = "HDRS"
    }

    /// Who submitted the message first, as the client has it (RFC 4954 §5).
    package enum Submitter: Sendable, Hashable {
        case unknown
        case address(String)
    }

    package var reversePath: ReversePath
    /// Octets, by the client's estimate (RFC 1870 §6.1).
    package var size: UInt64?
    package var body: Body?
    /// RFC 6531 §3.4.
    package var usesUTF8 = false
    package var submitter: Submitter?
    package var reportContent: Return?
    /// Decoded (RFC 3461 §4.4).
    package var envelopeID: String?
    /// RFC 8689 §2.
    package var requiresTLS = false
    /// RFC 2852 §4.
    package var deliverBy: DeliverBy?
    /// RFC 4865 §4.
    package var release: FutureRelease?
    /// -9 to 9; 0 is normal (RFC 6710 §4).
    package var transferPriority: Int8?
    /// What the sender says it advertises (RFC 3865 §2.2).
    package var solicitations: [SolicitationKeyword] = []
    /// Between Martlet's own parts: the trace id of the message.
    package var trace: TraceID?

    package init(_ reversePath: ReversePath) { self.reversePath = reversePath }

    // mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
    //
    // Leniency: blanks after the colon, which many clients send.
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        guard scanner.accept("FROM:", in: line) else { throw scanner.error(.argument, "FROM:<address>") }
        scanner.skipBlanks(in: line)
        self.init(try scanner.reversePath(in: line))
        for parameter in try scanner.parameters(in: line) { try read(parameter) }
    }

    private mutating func read(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) {
        switch parameter.keyword {
        case "SIZE": size = try Self.size(parameter)
        case "BODY":
            body = Body(rawValue: ASCII.uppercased(try parameter.required("BODY=type")))
            if body == nil { throw parameter.invalid("BODY=7BIT, 8BITMIME or BINARYMIME") }
        case "SMTPUTF8":
            try parameter.requireNone()
            usesUTF8 = true
        case "AUTH": submitter = try Self.submitter(parameter)
        case "RET":
            reportContent = Return(rawValue: ASCII.uppercased(try parameter.required("RET=FULL or HDRS")))
            if reportContent == nil { throw parameter.invalid("RET=FULL or HDRS") }
        case "ENVID":
            let text = try parameter.required("ENVID=xtext")
            guard text.utf8.count <= 100, let id = XText.decode(text) else { throw parameter.invalid("ENVID=xtext") }
            envelopeID = id
        case "REQUIRETLS":
            try parameter.requireNone()
            requiresTLS = true
        case "BY": deliverBy = try DeliverBy(parameter)
        case "HOLDFOR", "HOLDUNTIL":
            // RFC 4865 §4: one of the two.
            guard release == nil else { throw parameter.invalid("HOLDFOR or HOLDUNTIL, not both") }
            release =
                parameter.keyword == "HOLDFOR"
                ? try FutureRelease(interval: parameter) : try FutureRelease(date: parameter)
        case "MT-PRIORITY": transferPriority = try Self.priority(parameter)
        case "SOLICIT":
            let text = try parameter.required("SOLICIT=keywords")
            guard let keywords = SolicitationKeyword.list(text) else { throw parameter.invalid("SOLICIT=keywords") }
            solicitations = keywords
        case "XMARTLET-TRACE":
            trace = TraceID(try parameter.required("a trace id"))
            if trace == nil { throw parameter.invalid("a trace id") }
        default: throw SMTPSyntaxError(.unknownParameter, at: parameter.offset, expected: parameter.keyword)
        }
    }

    // size-value = 1*20DIGIT    RFC 1870 §6.1; what exceeds 64 bits is as good as the largest number
    private static func size(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) -> UInt64 {
        let digits = try parameter.required("SIZE=octets").utf8
        guard (1...20).contains(digits.count), digits.allSatisfy(ASCII.isDigit) else {
            throw parameter.invalid("SIZE=octets")
        }
        return Decimal.parse(digits) ?? .max
    }

    // priority-value = ["-"] ("0" / "1" ... "9")    RFC 6710 §9
    private static func priority(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) -> Int8 {
        let octets = Array(try parameter.required("MT-PRIORITY=-9 to 9").utf8)
        let digits = octets.first == 0x2D ? octets.dropFirst() : octets[...]
        guard digits.count == 1, let value = Decimal.parse(digits, maximum: 9) else {
            throw parameter.invalid("MT-PRIORITY=-9 to 9")
        }
        return octets.first == 0x2D ? -Int8(value) : Int8(value)
    }

    private static func submitter(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) -> Submitter {
        let text = try parameter.required("AUTH=<> or xtext")
        if text == "<>" { return .unknown }
        guard text.utf8.count <= 500, let address = XText.decode(text) else { throw parameter.invalid("AUTH=xtext") }
        return .address(address)
    }

    /// What follows the verb.
    var arguments: String {
        var text = "FROM:\(reversePath)"
        if let size { text += " SIZE=\(size)" }
        if let body { text += " BODY=\(body.rawValue)" }
        if usesUTF8 { text += " SMTPUTF8" }
        switch submitter {
        case .unknown: text += " AUTH=<>"
        case .address(let address): text += " AUTH=\(XText.encode(address))"
        case nil: break
        }
        if let reportContent { text += " RET=\(reportContent.rawValue)" }
        if let envelopeID { text += " ENVID=\(XText.encode(envelopeID))" }
        if requiresTLS { text += " REQUIRETLS" }
        if let deliverBy { text += " BY=\(deliverBy.text)" }
        if let release { text += " \(release.text)" }
        if let transferPriority { text += " MT-PRIORITY=\(transferPriority)" }
        if !solicitations.isEmpty { text += " SOLICIT=\(solicitations.map(\.text).joined(separator: ","))" }
        if let trace { text += " XMARTLET-TRACE=\(trace)" }
        return text
    }
}
