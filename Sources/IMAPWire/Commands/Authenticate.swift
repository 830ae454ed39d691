// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Begins a SASL exchange (RFC 9051 §6.2.2).
package struct AuthenticateCommand: IMAPCommand {
    package static let name: StaticString = "AUTHENTICATE"
    package static let traits: CommandTraits = .notAuthenticated

    package var mechanism: [UInt8]
    /// Base64, or `=` for one that is empty (RFC 4959 §3).
    package var initialResponse: [UInt8]?

    package init(mechanism: [UInt8], initialResponse: [UInt8]? = nil) {
        self.mechanism = mechanism
        self.initialResponse = initialResponse
    }

    // authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp] *(CRLF base64)    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mechanism = Array(try scanner.atom("the name of a SASL mechanism"))
        guard !scanner.isAtEnd else { return }
        try scanner.space()
        initialResponse = Array(try scanner.atom("an initial response in base64, or \"=\""))
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.raw(mechanism)
        guard let initialResponse else { return }
        encoder.space()
        encoder.raw(initialResponse)
    }
}
