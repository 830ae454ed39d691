// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Adds a recipient to the transaction (RFC 5321 §4.1.1.3).
package struct RecipientCommand: Sendable, Hashable {
    /// When to report to the sender (RFC 3461 §4.1).
    package enum Notify: Sendable, Hashable {
        case never
        case on(success: Bool, failure: Bool, delay: Bool)
    }

    /// The recipient as the first sender named it (RFC 3461 §4.2), decoded.
    package struct OriginalRecipient: Sendable, Hashable {
        /// The type of addresses that may not be ASCII (RFC 6533 §3).
        package static let unicodeType = "utf-8"

        package var addressType: String
        package var address: String

        package init(addressType: String, address: String) {
            self.addressType = addressType
            self.address = address
        }

        var encodedAddress: String {
            addressType == Self.unicodeType ? XText.encodeUnicode(address) : XText.encode(address)
        }
    }

    package var forwardPath: ForwardPath
    package var notify: Notify?
    package var originalRecipient: OriginalRecipient?
    /// Between Martlet's own parts: the account that the address was found to be.
    package var account: AccountID?
    /// Between Martlet's own parts: the name of this delivery, the same at every retry.
    package var delivery: DeliveryID?
    /// Between Martlet's own parts: it is the sender's own copy, for the mailbox of sent mail; `delivery` is the
    /// message's `SentIdentity`.
    package var isSentCopy = false

    package init(_ forwardPath: ForwardPath) { self.forwardPath = forwardPath }

    // rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF
    //
    // Leniency: blanks after the colon, which many clients send.
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        guard scanner.accept("TO:", in: line) else { throw scanner.error(.argument, "TO:<address>") }
        scanner.skipBlanks(in: line)
        self.init(try scanner.forwardPath(in: line))
        for parameter in try scanner.parameters(in: line) { try read(parameter) }
    }

    private mutating func read(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) {
        switch parameter.keyword {
        case "NOTIFY": notify = try Self.notify(parameter)
        case "ORCPT": originalRecipient = try Self.originalRecipient(parameter)
        case "XMARTLET-ACCOUNT":
            account = Decimal.parse(try parameter.required("a number").utf8).map(AccountID.init)
            if account == nil { throw parameter.invalid("a number") }
        case "XMARTLET-DELIVERY":
            delivery = Self.delivery(try parameter.required("32 hexadecimal digits"))
            if delivery == nil { throw parameter.invalid("32 hexadecimal digits") }
        case "XMARTLET-SENT":
            try parameter.requireNone()
            isSentCopy = true
        default: throw SMTPSyntaxError(.unknownParameter, at: parameter.offset, expected: parameter.keyword)
        }
    }

    // notify-esmtp-value = "NEVER" / 1#notify-list-element    RFC 3461 §4.1
    private static func notify(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) -> Notify {
        let text = ASCII.uppercased(try parameter.required("NOTIFY=list"))
        if text == "NEVER" { return .never }
        let words = text.utf8.split(separator: 0x2C, omittingEmptySubsequences: false).map { String($0) }
        guard words.allSatisfy({ ["SUCCESS", "FAILURE", "DELAY"].contains($0) }) else {
            throw parameter.invalid("NOTIFY=NEVER or of SUCCESS, FAILURE, DELAY")
        }
        return .on(
            success: words.contains("SUCCESS"),
            failure: words.contains("FAILURE"),
            delay: words.contains("DELAY")
        )
    }

    // original-recipient-address = addr-type ";" xtext    RFC 3461 §4.2
    private static func originalRecipient(_ parameter: ESMTPParameter) throws(SMTPSyntaxError) -> OriginalRecipient {
        let text = try parameter.required("ORCPT=type;xtext")
        let parts = text.utf8.split(separator: 0x3B, maxSplits: 1, omittingEmptySubsequences: false)
        guard text.utf8.count <= 500, parts.count == 2, let type = parts.first, !type.isEmpty,
            let last = parts.last, let address = XText.decode(String(last) ?? "")
        else { throw parameter.invalid("ORCPT=type;xtext") }
        let name = ASCII.lowercased(String(type) ?? "")
        guard name == OriginalRecipient.unicodeType else {
            return OriginalRecipient(addressType: name, address: address)
        }
        guard let unicode = XText.decodeUnicode(address) else { throw parameter.invalid("ORCPT=utf-8;address") }
        return OriginalRecipient(addressType: name, address: unicode)
    }

    private static func delivery(_ text: String) -> DeliveryID? {
        guard text.utf8.count == 32, let octets = Hex.decode(text.utf8) else { return nil }
        let words = [octets.prefix(8), octets.suffix(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        return DeliveryID(high: words[0], low: words[1])
    }

    /// What follows the verb.
    var arguments: String {
        var text = "TO:\(forwardPath)"
        switch notify {
        case .never: text += " NOTIFY=NEVER"
        case .on(let success, let failure, let delay):
            let words = [success ? "SUCCESS" : nil, failure ? "FAILURE" : nil, delay ? "DELAY" : nil].compactMap(\.self)
            text += " NOTIFY=" + words.joined(separator: ",")
        case nil: break
        }
        if let originalRecipient {
            text += " ORCPT=\(originalRecipient.addressType);\(originalRecipient.encodedAddress)"
        }
        if let account { text += " XMARTLET-ACCOUNT=\(account)" }
        if let delivery { text += " XMARTLET-DELIVERY=" + Self.hexadecimal(delivery) }
        if isSentCopy { text += " XMARTLET-SENT" }
        return text
    }

    private static func hexadecimal(_ id: DeliveryID) -> String {
        Hex.encode(
            [id.high, id.low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
            }
        )
    }
}
