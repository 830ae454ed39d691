// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Begins a SASL exchange (RFC 4954 §4).
package struct AuthCommand: Sendable, Hashable {
    /// In upper case.
    package var mechanism: String
    /// As the client wrote it: base64, or `=` for one that is empty; `nil` when it sent none.
    package var initialResponse: [UInt8]?

    package init(mechanism: String, initialResponse: [UInt8]? = nil) {
        self.mechanism = mechanism
        self.initialResponse = initialResponse
    }

    // auth-command = "AUTH" SP sasl-mech [SP initial-response] *(CRLF [base64]) [CRLF cancel-response]
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        let mechanism = scanner.keyword(in: line)
        // sasl-mech = 1*20mech-char    RFC 4422 §3.1
        let isMechanism = mechanism.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
        guard isMechanism, (1...20).contains(mechanism.utf8.count) else {
            throw scanner.error(.argument, "a mechanism")
        }
        self.init(mechanism: mechanism)
        scanner.skipBlanks(in: line)
        guard !scanner.isAtEnd(of: line) else { return }
        initialResponse = scanner.take(in: line) { $0 > ASCII.space && $0 < 0x7F }
        try scanner.expectEnd(of: line)
    }

    /// What follows the verb.
    var arguments: String {
        guard let initialResponse else { return mechanism }
        return "\(mechanism) \(String(decoding: initialResponse, as: UTF8.self))"
    }
}
