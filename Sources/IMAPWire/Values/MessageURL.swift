// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// A URL of a message, or of a part of one, in the account whose session it is used in: a relative one, without a
/// server (RFC 5092 §7, RFC 4469 §3).
///
/// ### Forms
/// ```
/// /Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.MIME
/// ;UID=20/;PARTIAL=0.1024
/// ```
package struct MessageURL: Hashable, Sendable {
    package enum Mailbox: Hashable, Sendable {
        /// By its name, UTF-8.
        case named(String)
        /// By what stands in the place of the selected mailbox's last level (RFC 3986 §5.2.3).
        case beside(String)
        case selected
    }

    package var mailbox: Mailbox
    package var uidValidity: UIDValidity?
    package var uid: UID
    package var section = SectionSpecifier()
    package var partial: Partial?

    package init(
        _ mailbox: Mailbox,
        uidValidity: UIDValidity? = nil,
        _ uid: UID,
        section: SectionSpecifier = SectionSpecifier(),
        partial: Partial? = nil
    ) {
        self.mailbox = mailbox
        self.uidValidity = uidValidity
        self.uid = uid
        self.section = section
        self.partial = partial
    }

    // imessagepart = imailbox-ref iuid [isection] [ipartial]
    // irelative-path = imessagelist / imsg-or-part; iabsolute-path = "/" [icommand]    RFC 5092 §11
    /// `nil` for whatever is no such URL: with a scheme or a server, of a mailbox, a search, or with URLAUTH.
    package init?(_ url: [UInt8]) {
        let isAbsolute = url.first == Self.slash
        let path = isAbsolute ? url.dropFirst() : url[...]
        guard let start = Self.place(of: ";UID=", in: path),
            let reference = Self.mailbox(path[..<start], isAbsolute)
        else { return nil }
        (mailbox, uidValidity) = reference
        var rest = path[(start + 5)...]
        if let place = Self.place(of: "/;PARTIAL=", in: rest) {
            guard let partial = Self.partial(rest[(place + 10)...]) else { return nil }
            self.partial = partial
            rest = rest[..<place]
        }
        if let place = Self.place(of: "/;SECTION=", in: rest) {
            guard let section = Self.section(rest[(place + 10)...]) else { return nil }
            self.section = section
            rest = rest[..<place]
        }
        guard let uid = Self.number(rest) else { return nil }
        self.uid = UID(uid)
    }

    private static let slash: UInt8 = 0x2F

    // imailbox-ref = enc-mailbox [uidvalidity]; uidvalidity = ";UIDVALIDITY=" nz-number    RFC 5092 §11
    /// With the slash behind it.
    private static func mailbox(
        _ text: ArraySlice<UInt8>,
        _ isAbsolute: Bool
    ) -> (Mailbox, UIDValidity?)? {
        guard !text.isEmpty else { return isAbsolute ? nil : (.selected, nil) }
        guard text.last == slash else { return nil }
        var name = text.dropLast()
        var validity: UIDValidity?
        if let place = place(of: ";UIDVALIDITY=", in: name) {
            guard let number = number(name[(place + 13)...]) else { return nil }
            validity = UIDValidity(number)
            name = name[..<place]
        }
        let levels = name.split(separator: slash, omittingEmptySubsequences: false)
        // A path with these would have to be resolved, and no client means them.
        guard !levels.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) || $0.isEmpty }),
            let octets = decoded(name), let text = String(validating: octets, as: UTF8.self)
        else { return nil }
        return (isAbsolute ? .named(text) : .beside(text), validity)
    }

    // isection-only = ";SECTION=" enc-section    RFC 5092 §11
    private static func section(_ text: ArraySlice<UInt8>) -> SectionSpecifier? {
        guard !text.isEmpty, let octets = decoded(text) else { return nil }
        var scanner = WireScanner([0x5B] + octets + [0x5D])
        guard let section = try? scanner.section(), scanner.isAtEnd else { return nil }
        return section
    }

    // partial-range = number ["." nz-number]    RFC 5092 §11
    private static func partial(_ text: ArraySlice<UInt8>) -> Partial? {
        let numbers = text.split(separator: ASCII.dot, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = numbers.first, let offset = Decimal.parse(first, maximum: UInt64(UInt32.max)) else {
            return nil
        }
        guard numbers.count > 1 else { return Partial(offset: offset, count: .max) }
        return number(numbers[1]).map { Partial(offset: offset, count: UInt64($0)) }
    }

    // nz-number, below 2^32
    private static func number(_ text: ArraySlice<UInt8>) -> UInt32? {
        let number = Decimal.parse(text, maximum: UInt64(UInt32.max))
        return number.flatMap { $0 > 0 ? UInt32(exactly: $0) : nil }
    }

    // bchar = achar / ":" / "@" / "/"; achar = uchar / "&" / "="; uchar = unreserved / sub-delims-sh / pct-encoded
    // RFC 5092 §11
    private static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count)
        var place = text.startIndex
        while place < text.endIndex {
            let octet = text[place]
            place += 1
            guard octet == 0x25 else {
                guard ASCII.isAlphanumeric(octet) || "-._~!$'()*+,&=:@/".utf8.contains(octet) else { return nil }
                octets.append(octet)
                continue
            }
            let digits = text[place..<min(place + 2, text.endIndex)]
            guard digits.count == 2, let value = hexadecimal(digits) else { return nil }
            octets.append(value)
            place += 2
        }
        return octets
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> UInt8? {
        var value: UInt8 = 0
        for digit in digits {
            switch ASCII.lower(digit) {
            case let digit where ASCII.isDigit(digit): value = value << 4 | (digit - 0x30)
            case let digit where (0x61...0x66).contains(digit): value = value << 4 | (digit - 0x57)
            default: return nil
            }
        }
        return value
    }

    /// Where a keyword (upper case) stands first, in any case.
    private static func place(of keyword: String, in text: ArraySlice<UInt8>) -> Int? {
        let wanted = Array(keyword.utf8)
        guard text.count >= wanted.count else { return nil }
        return (text.startIndex...text.endIndex - wanted.count).first { place in
            zip(text[place...], wanted).allSatisfy { ASCII.upper($0) == $1 }
        }
    }
}
