// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Logs on with name and password (RFC 9051 §6.2.3).
///
/// Octets in quoted strings are taken as they are.
package struct LoginCommand: IMAPCommand {
    package static let name: StaticString = "LOGIN"
    package static let traits: CommandTraits = .notAuthenticated

    package var user: [UInt8]
    package var password: [UInt8]

    package init(user: [UInt8], password: [UInt8]) {
        self.user = user
        self.password = password
    }

    // login = "LOGIN" SP userid SP password    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        user = try scanner.astring("a user name")
        try scanner.space()
        password = try scanner.astring("a password")
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.astring(user)
        encoder.space()
        encoder.astring(password)
    }
}
