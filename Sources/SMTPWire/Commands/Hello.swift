// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// A client's introduction: HELO and EHLO (RFC 5321 §4.1.1.1), LHLO (RFC 2033 §4.1).
package struct HelloCommand: Sendable, Hashable {
    package enum Verb: String, Sendable, Hashable {
        case helo = "HELO"
        case ehlo = "EHLO"
        case lhlo = "LHLO"
    }

    /// A longer name is refused, so that nothing made from it can grow (RFC 5321 §4.5.3.1.2).
    static let maximumOctets = 255

    package var verb: Verb
    /// What the client calls itself: 1 to 255 octets of text, and often no domain.
    ///
    /// It decides nothing.
    package var name: String

    package init(_ verb: Verb, name: String) {
        self.verb = verb
        self.name = name
    }

    /// The name, when it is a domain or an address literal.
    package var domain: Domain? { Domain(name) }

    // ehlo = "EHLO" SP ( Domain / address-literal ) CRLF    any text is taken: RFC 5321 §4.1.4
    init(_ verb: Verb, _ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        let start = scanner.offset
        let name = scanner.rest(of: line)
        guard (1...Self.maximumOctets).contains(name.utf8.count) else {
            throw SMTPSyntaxError(.argument, at: start, expected: "a domain")
        }
        self.init(verb, name: name)
    }
}
