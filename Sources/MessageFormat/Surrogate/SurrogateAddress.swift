// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Addresses for clients that take ASCII only (RFC 6858 §2.1): one in UTF-8 becomes an address that nobody can have,
/// with the real one in its display name.
///
/// ```
/// Jörg <jörg@bücher.example>
/// =?utf-8?B?...?= <invalid@internationalized-address.invalid>
/// ```
enum SurrogateAddress {
    /// Of a domain that RFC 2606 §2 keeps from being anybody's.
    static let invalid = Array("<invalid@internationalized-address.invalid>".utf8)

    /// The unfolded value of an address field; `nil` when no address is in it.
    static func list(_ value: [UInt8]) -> [UInt8]? {
        var items: [[UInt8]] = []
        var group: [UInt8]?
        var members: [[UInt8]] = []
        // Where there are more than are read, the end of the last group is not among them.
        for address in EnvelopeAddress.list(parsing: value) + [.groupEnd] {
            if address.isGroupStart {
                (group, members) = (phrase(address.mailbox ?? []), [])
            } else if address.isGroupEnd {
                if let group { items.append(self.group(group, members)) }
                group = nil
            } else if group != nil {
                members.append(mailbox(address))
            } else {
                items.append(mailbox(address))
            }
        }
        return items.isEmpty ? nil : joined(items)
    }

    // group = display-name ":" [group-list] ";" [CFWS]    RFC 5322 §3.4
    private static func group(_ name: [UInt8], _ members: [[UInt8]]) -> [UInt8] {
        var group = name + Array(": ".utf8)
        group += joined(members)
        group.append(UInt8(ascii: ";"))
        return group
    }

    private static func joined(_ items: [[UInt8]]) -> [UInt8] { Array(items.joined(separator: ",\r\n ".utf8)) }

    private static func mailbox(_ address: EnvelopeAddress) -> [UInt8] {
        let local = address.mailbox ?? []
        let host = address.host ?? []
        guard local.isASCII, host.isASCII, !local.isEmpty, !host.isEmpty else {
            return EncodedWord.encode(shown(address.name, local, host)) + [ASCII.space] + invalid
        }
        var mailbox: [UInt8] = []
        let name = address.name ?? []
        if !name.isEmpty { mailbox += phrase(name) + Array(" <".utf8) }
        mailbox += localPart(local)
        mailbox.append(UInt8(ascii: "@"))
        mailbox += host
        if !name.isEmpty { mailbox.append(UInt8(ascii: ">")) }
        return mailbox
    }

    /// What tells the reader whose the address is.
    private static func shown(_ name: [UInt8]?, _ local: [UInt8], _ host: [UInt8]) -> String {
        let text = EncodedWord.decode(name ?? [])
        guard !local.isEmpty || !host.isEmpty else { return text }
        let domain = host.isEmpty ? "" : "@" + String(decoding: host, as: UTF8.self)
        let address = "<\(String(decoding: local, as: UTF8.self))\(domain)>"
        return text.isEmpty ? address : "\(text) \(address)"
    }

    /// A display name: as encoded-words, or when it is ASCII as a quoted-string.
    private static func phrase(_ name: [UInt8]) -> [UInt8] {
        let text = EncodedWord.decode(name)
        let octets = Array(text.utf8)
        return octets.isASCII ? quoted(octets) : EncodedWord.encode(text)
    }

    // local-part = dot-atom / quoted-string    RFC 5322 §3.4.1
    private static func localPart(_ octets: [UInt8]) -> [UInt8] {
        let isDotAtom = octets.split(separator: ASCII.dot, omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { ASCII.isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
        }
        return isDotAtom ? octets : quoted(octets)
    }

    // quoted-string = DQUOTE *(qtext / quoted-pair) DQUOTE    RFC 5322 §3.2.4
    static func quoted(_ octets: [UInt8]) -> [UInt8] {
        var text = [ASCII.quote]
        for octet in octets where octet == ASCII.tab || !ASCII.isControl(octet) {
            if octet == ASCII.quote || octet == ASCII.backslash { text.append(ASCII.backslash) }
            text.append(octet)
        }
        return text + [ASCII.quote]
    }
}
