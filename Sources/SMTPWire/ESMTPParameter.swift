// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One parameter of MAIL or RCPT (RFC 5321 §4.1.2 "esmtp-param").
struct ESMTPParameter {
    /// More than any real client sends.
    static let maximumCount = 32

    /// In upper case.
    var keyword: String
    var value: String?
    /// Offset of the keyword in the line.
    var offset: Int

    /// The value, which must be there.
    func required(_ expected: String) throws(SMTPSyntaxError) -> String {
        guard let value else { throw invalid(expected) }
        return value
    }

    /// Checks that there is no value.
    func requireNone() throws(SMTPSyntaxError) {
        guard value == nil else { throw invalid("\(keyword) without a value") }
    }

    func invalid(_ expected: String) -> SMTPSyntaxError {
        SMTPSyntaxError(.parameter, at: offset, expected: expected)
    }
}

extension CommandScanner {
    // esmtp-param = esmtp-keyword ["=" esmtp-value]    RFC 5321 §4.1.2
    //
    // Leniency: the value may hold "=", which some clients leave unencoded in ORCPT.
    mutating func parameters(in line: Span<UInt8>) throws(SMTPSyntaxError) -> [ESMTPParameter] {
        var parameters: [ESMTPParameter] = []
        while true {
            let isSeparated = peek(in: line).map(ASCII.isBlank) ?? false
            skipBlanks(in: line)
            guard !isAtEnd(of: line) else { return parameters }
            let start = offset
            guard isSeparated else { throw error(.argument, "a space") }
            let keyword = take(in: line) { ASCII.isAlphanumeric($0) || $0 == 0x2D }
            guard let first = keyword.first, ASCII.isAlphanumeric(first) else { throw error(.argument, "a parameter") }
            var value: String?
            if accept(0x3D, in: line) {
                let octets = take(in: line) { $0 > ASCII.space && $0 != 0x7F }
                guard !octets.isEmpty, let text = String(validating: octets, as: UTF8.self) else {
                    throw error(.parameter, "a value")
                }
                value = text
            }
            let name = ASCII.uppercased(String(decoding: keyword, as: UTF8.self))
            guard !parameters.contains(where: { $0.keyword == name }) else {
                throw SMTPSyntaxError(.parameter, at: start, expected: "\(name) once")
            }
            guard parameters.count < ESMTPParameter.maximumCount else { throw error(.argument, "fewer parameters") }
            parameters.append(ESMTPParameter(keyword: name, value: value, offset: start))
        }
    }
}
