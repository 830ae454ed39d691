// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What a server offers in its answer to EHLO or LHLO (RFC 5321 §4.1.1.1).
package struct SMTPCapabilities: Sendable, Hashable {
    /// Parameters by keyword, both in upper case.
    private var parameters: [String: [String]] = [:]

    package init() {}

    // ehlo-line = ehlo-keyword *( SP ehlo-param )    the first line is the greeting
    package init(reply: SMTPReply) {
        for line in reply.lines.dropFirst().prefix(128) {
            let words = ASCII.uppercased(line).utf8.split(whereSeparator: ASCII.isBlank).compactMap { String($0) }
            guard let keyword = words.first else { continue }
            // "AUTH=LOGIN" of old servers is the same as "AUTH LOGIN".
            if keyword.hasPrefix("AUTH=") {
                parameters["AUTH", default: []] += [String(keyword.dropFirst(5))] + words.dropFirst()
            } else {
                parameters[keyword, default: []] += words.dropFirst()
            }
        }
    }

    /// What is offered, in upper case and sorted.
    package var keywords: [String] { parameters.keys.sorted() }

    package func offers(_ keyword: String) -> Bool { parameters[keyword] != nil }

    package var pipelining: Bool { offers("PIPELINING") }
    package var chunking: Bool { offers("CHUNKING") }
    package var eightBitMIME: Bool { offers("8BITMIME") }
    package var smtpUTF8: Bool { offers("SMTPUTF8") }
    package var startTLS: Bool { offers("STARTTLS") }
    package var binaryMIME: Bool { offers("BINARYMIME") }
    package var deliveryReports: Bool { offers("DSN") }
    package var requireTLS: Bool { offers("REQUIRETLS") }
    /// RFC 6710 §3.
    package var transferPriorities: Bool { offers("MT-PRIORITY") }
    /// RFC 3865 §2.
    package var noSoliciting: Bool { offers("NO-SOLICITING") }
    /// RFC 2852 §3.
    package var deliverBy: Bool { offers("DELIVERBY") }

    /// The shortest time within which the server will deliver or give back, in seconds; 0 when it names none
    /// (RFC 2852 §3).
    package var minimumDeliverBy: Int64 {
        guard let text = parameters["DELIVERBY"]?.first else { return 0 }
        return Decimal.parse(text.utf8, maximum: 999_999_999).map { Int64($0) } ?? 0
    }

    package var size: Bool { offers("SIZE") }
    package var authenticationMechanisms: [String] { parameters["AUTH"] ?? [] }

    /// The largest message the server takes; `nil` when it says none, or zero (RFC 1870 §4).
    package var maximumSize: UInt64? {
        guard let size = parameters["SIZE"]?.first.flatMap({ Decimal.parse($0.utf8) }), size > 0 else { return nil }
        return size
    }

    /// The most recipients of one transaction (`LIMITS RCPTMAX=n`, RFC 9422 §4).
    package var maximumRecipients: Int? { limit("RCPTMAX=") }

    /// The most transactions of one connection (`LIMITS MAILMAX=n`, RFC 9422 §4).
    package var maximumTransactions: Int? { limit("MAILMAX=") }

    private func limit(_ name: String) -> Int? {
        guard let text = parameters["LIMITS"]?.first(where: { $0.hasPrefix(name) }) else { return nil }
        return Decimal.parse(text.utf8.dropFirst(name.utf8.count), maximum: 1_000_000).flatMap { Int(exactly: $0) }
    }

    /// What the server still offers when an extension that it announced turned out not to work.
    package mutating func forget(_ keyword: String) { parameters[keyword] = nil }
}
