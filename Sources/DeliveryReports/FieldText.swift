// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import SMTPWire

/// Foreign text, made fit for a field or a line of a report.
struct FieldText {
    /// Octets of any one text.
    static let maximumOctets = 2_000
    /// Where lines are folded (RFC 5322 §2.1.1).
    private static let foldAt = 76
    /// Blanks that follow one another at most.
    private static let mostBlanks = 60

    /// Whether text may be UTF-8.
    let usesUTF8: Bool

    /// On one line: controls become spaces, what may not be said becomes `?`.
    func plain(_ text: String, maximum: Int = maximumOctets) -> String {
        var plain = ""
        var octets = 0
        for scalar in PrintableText.escaped(text.replacing("\r", with: " ").replacing("\n", with: " ")).unicodeScalars {
            let shown: Unicode.Scalar = scalar.isASCII || usesUTF8 ? scalar : "?"
            octets += UTF8.width(shown)
            guard octets <= maximum else { break }
            plain.unicodeScalars.append(shown)
        }
        return plain
    }

    /// A word of visible ASCII, such as a host name.
    func word(_ text: String) -> String {
        let word = String(decoding: text.utf8.prefix(255).map { $0 > 0x20 && $0 < 0x7F ? $0 : 0x3F }, as: UTF8.self)
        return word.isEmpty ? "unknown" : word
    }

    /// `type; address` as status fields have it: `rfc822` for ASCII, `utf-8` for all else (RFC 6533 §3).
    func typed(_ path: ForwardPath) -> String {
        let address = address(path)
        guard address.utf8.allSatisfy({ $0 < 0x80 }) else { return "utf-8; " + unicode(address) }
        return "rfc822; " + plain(address)
    }

    func typed(_ original: RecipientCommand.OriginalRecipient) -> String {
        let address =
            original.addressType == RecipientCommand.OriginalRecipient.unicodeType
            ? unicode(original.address) : plain(original.address)
        return "\(word(original.addressType)); \(address)"
    }

    /// For people, in angle brackets.
    func shown(_ path: ForwardPath) -> String { "<\(plain(address(path)))>" }

    private func unicode(_ address: String) -> String { usesUTF8 ? plain(address) : XText.encodeUnicode(address) }

    private func address(_ path: ForwardPath) -> String { String(path.description.dropFirst().dropLast()) }

    /// A reply on one line, codes first.
    func diagnostic(_ reply: SMTPReply) -> String {
        let codes = ["\(reply.code)", reply.enhancedStatusCode.map { "\($0)" }].compactMap(\.self)
        return plain((codes + reply.lines).joined(separator: " "))
    }

    /// `Name: value` with its line end, folded at blanks, which stay as many as they are within the value, up to 60 at
    /// one place (RFC 5322 §2.2.3).
    func field(_ name: String, _ value: String) -> String {
        var lines: [String] = []
        var line = name + ":"
        var blanks = 1
        for word in value.split(separator: " ", omittingEmptySubsequences: false) {
            guard !word.isEmpty else {
                blanks = min(blanks + 1, Self.mostBlanks)
                continue
            }
            // A word longer than a line may be: cut, for what is foreign may be anything.
            var rest = word[...]
            while rest.utf8.count > 900 {
                lines.append(line)
                line = " " + String(decoding: rest.utf8.prefix(900), as: UTF8.self)
                rest = Substring(decoding: rest.utf8.dropFirst(900), as: UTF8.self)
            }
            if line.utf8.count + blanks + rest.utf8.count > Self.foldAt, !line.hasSuffix(":") {
                lines.append(line)
                line = ""
            }
            line += String(repeating: " ", count: blanks) + rest
            blanks = 1
        }
        lines.append(line)
        return lines.joined(separator: "\r\n") + "\r\n"
    }
}
