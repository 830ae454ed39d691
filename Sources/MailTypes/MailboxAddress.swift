// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The part of an address before the at sign, unquoted, as UTF-8 (RFC 5321 §4.1.2, RFC 6531 §3.3).
///
/// 1 to 255 octets.
public struct LocalPart: Hashable, Sendable, CustomStringConvertible {
    /// RFC 5321 §4.5.3.1.1 has 64, and asks for no limit where there can be none: senders of lists and notices write
    /// longer ones into their reverse-paths.
    public static let maximumOctets = 255
    /// Without the wire's quotes and escapes, in the case in which it was written; no control characters of ASCII.
    public let text: String

    /// Takes the unquoted text; `nil` when it is empty, too long, or holds a control character.
    public init?(_ text: String) {
        guard (1...Self.maximumOctets).contains(text.utf8.count), !text.utf8.contains(where: ASCII.isControl) else {
            return nil
        }
        self.text = text
    }

    /// The wire form: a dot-string where it can be one, else a quoted-string.
    public var description: String {
        if isDotString { return text }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The local part in which an account is looked up: case folded for ASCII only (RFC 5321 §2.4 leaves case to the
    /// receiver; Martlet ignores it).
    public var folded: String { ASCII.lowercased(text) }

    private var isDotString: Bool {
        text.utf8.split(separator: ASCII.dot, omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy(Self.isAtomText)
        }
    }

    /// `atext` (RFC 5322 §3.2.3) with UTF-8 (RFC 6531 §3.3).
    public static func isAtomText(_ octet: UInt8) -> Bool {
        ASCII.isAlphanumeric(octet) || octet >= 0x80 || "!#$%&'*+-/=?^_`{|}~".utf8.contains(octet)
    }
}

/// A mail domain: labels of letters, digits, hyphens and underscores or UTF-8, or an address literal in brackets.
///
/// At most 255 octets. Equality ignores ASCII case.
public struct Domain: Hashable, Sendable, CustomStringConvertible {
    /// SMTP's bound on a domain; address literals keep to it with their brackets.
    public static let maximumOctets = 255
    /// Lower case in its ASCII letters, without a final dot.
    public let text: String

    /// `nil` when the text is not a domain of RFC 5321 §4.1.2 (a bare host name of one label is one).
    public init?(_ text: String) {
        let folded = ASCII.lowercased(text)
        guard (1...Self.maximumOctets).contains(folded.utf8.count) else { return nil }
        if folded.hasPrefix("[") {
            guard folded.hasSuffix("]"), folded.utf8.count > 2, folded.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
                !folded.dropFirst().dropLast().contains(where: { "[]\\".contains($0) })
            else { return nil }
        } else {
            let labels = folded.utf8.split(separator: ASCII.dot, omittingEmptySubsequences: false)
            guard labels.allSatisfy(Self.isLabel) else { return nil }
        }
        self.text = folded
    }

    /// Whether it is in brackets, such as `[192.0.2.1]`; that an address stands in them is not checked.
    public var isAddressLiteral: Bool { text.hasPrefix("[") }
    /// As it stands on the wire, without a final dot.
    public var description: String { text }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
            && label.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 >= 0x80 }
    }
}

/// An address, `Local-part "@" Domain` (RFC 5321 §4.1.2 "Mailbox"; that word is kept for folders here).
public struct MailboxAddress: Hashable, Sendable, CustomStringConvertible {
    /// Before the at sign; its case is kept, and counts when addresses are compared.
    public var localPart: LocalPart
    /// Behind the at sign; its ASCII case does not count.
    public var domain: Domain

    /// Joins two valid parts: at most 511 octets together with the at sign, quotes and escapes aside.
    public init(localPart: LocalPart, domain: Domain) {
        self.localPart = localPart
        self.domain = domain
    }

    /// Reads `local@domain` as a person types it: the local part is dot-string or quoted-string, the last at sign
    /// divides.
    ///
    /// `nil` when either part is not valid.
    public init?(_ text: String) {
        guard let at = text.lastIndex(of: "@"), let domain = Domain(String(text[text.index(after: at)...])) else {
            return nil
        }
        guard let localPart = Self.localPart(written: text[..<at]) else { return nil }
        self.init(localPart: localPart, domain: domain)
    }

    /// The wire form with ASCII letters in lower case: the same for all spellings that are one address here.
    public var folded: String { ASCII.lowercased(description) }

    /// The wire form without angle brackets; UTF-8 where a part is not ASCII.
    public var description: String { "\(localPart)@\(domain)" }

    private static func localPart(written text: Substring) -> LocalPart? {
        guard text.hasPrefix("\"") else {
            let part = LocalPart(String(text))
            return part?.description == String(text) ? part : nil
        }
        guard text.utf8.count >= 2, text.hasSuffix("\"") else { return nil }
        var plain = ""
        var escaped = false
        for character in text.dropFirst().dropLast() {
            if !escaped, character == "\\" {
                escaped = true
            } else if !escaped, character == "\"" {
                return nil
            } else {
                plain.append(character)
                escaped = false
            }
        }
        return escaped ? nil : LocalPart(plain)
    }
}

/// The envelope sender: an address, or null (`<>`) for reports, which must never be answered (RFC 5321 §4.5.5).
public enum ReversePath: Hashable, Sendable, CustomStringConvertible {
    case null
    case address(MailboxAddress)

    /// Where reports go; `nil` when there must be none.
    public var address: MailboxAddress? {
        if case .address(let address) = self { address } else { nil }
    }

    /// In angle brackets, as MAIL FROM carries it.
    public var description: String { "<\(address?.description ?? "")>" }
}

/// An envelope recipient.
///
/// `<Postmaster>` without a domain is legal (RFC 5321 §4.5.1).
public enum ForwardPath: Hashable, Sendable, CustomStringConvertible {
    case postmaster
    case address(MailboxAddress)

    /// In angle brackets, as RCPT TO carries it.
    public var description: String {
        switch self {
        case .postmaster: "<postmaster>"
        case .address(let address): "<\(address)>"
        }
    }
}
