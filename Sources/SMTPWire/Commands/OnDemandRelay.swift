// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Asks the server to turn the connection round and send what it holds for the client's domains (ATRN, RFC 2645 §5.2).
package struct OnDemandRelayCommand: Sendable, Hashable {
    /// Domains of one command.
    package static let maximumDomains = 100
    /// None: all that the client may have.
    package var domains: [Domain]

    package init(_ domains: [Domain]) { self.domains = domains }

    // ATRN [SP domain *("," domain)] CRLF    RFC 2645 §5.2
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        let text = scanner.rest(of: line)
        domains = []
        for part in text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false) where !text.isEmpty {
            guard domains.count < Self.maximumDomains, let domain = Domain(String(part) ?? "") else {
                throw scanner.error(.argument, "domains with commas between them")
            }
            domains.append(domain)
        }
    }

    /// What follows the verb.
    var arguments: String { domains.map(\.text).joined(separator: ",") }
}
