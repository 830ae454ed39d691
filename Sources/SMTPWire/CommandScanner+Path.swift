// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension CommandScanner {
    // Reverse-path = Path / "<>"    RFC 5321 §4.1.2
    mutating func reversePath(in line: Span<UInt8>) throws(SMTPSyntaxError) -> ReversePath {
        guard accept(0x3C, in: line) else { throw error(.reversePath, "<") }
        if accept(0x3E, in: line) { return .null }
        let address = try mailbox(in: line, .reversePath)
        guard accept(0x3E, in: line) else { throw error(.reversePath, ">") }
        return .address(address)
    }

    // Forward-path = Path;  RCPT also takes "<Postmaster>"    RFC 5321 §4.1.1.3
    mutating func forwardPath(in line: Span<UInt8>) throws(SMTPSyntaxError) -> ForwardPath {
        guard accept(0x3C, in: line) else { throw error(.forwardPath, "<") }
        let start = offset
        if accept("POSTMASTER", in: line), accept(0x3E, in: line) { return .postmaster }
        offset = start
        let address = try mailbox(in: line, .forwardPath)
        guard accept(0x3E, in: line) else { throw error(.forwardPath, ">") }
        return .address(address)
    }

    // Path = "<" [ A-d-l ":" ] Mailbox ">"
    // A-d-l = At-domain *( "," At-domain )    parsed, then ignored: RFC 5321 §4.1.1.3
    private mutating func mailbox(
        in line: Span<UInt8>,
        _ fault: SMTPSyntaxError.Fault
    ) throws(SMTPSyntaxError) -> MailboxAddress {
        if peek(in: line) == Self.at {
            repeat {
                guard accept(Self.at, in: line) else { throw error(fault, "@") }
                _ = try domain(in: line, fault)
            } while accept(0x2C, in: line)
            guard accept(0x3A, in: line) else { throw error(fault, ":") }
        }
        let localPart = try localPart(in: line, fault)
        guard accept(Self.at, in: line) else { throw error(fault, "@") }
        return MailboxAddress(localPart: localPart, domain: try domain(in: line, fault))
    }

    // Local-part = Dot-string / Quoted-string
    //
    // Leniency: dots may stand anywhere in an unquoted local part, since some providers gave out such addresses;
    // `a..b` is read as the quoted-string `"a..b"`.
    private mutating func localPart(
        in line: Span<UInt8>,
        _ fault: SMTPSyntaxError.Fault
    ) throws(SMTPSyntaxError) -> LocalPart {
        let start = offset
        let octets: [UInt8]
        if accept(ASCII.quote, in: line) {
            octets = try quotedString(in: line, fault)
        } else {
            octets = take(in: line) { LocalPart.isAtomText($0) || $0 == ASCII.dot }
        }
        guard let text = String(validating: octets, as: UTF8.self), let localPart = LocalPart(text) else {
            throw SMTPSyntaxError(fault, at: start, expected: "a local part")
        }
        return localPart
    }

    // Quoted-string = DQUOTE *QcontentSMTP DQUOTE    the first quote is taken already
    private mutating func quotedString(
        in line: Span<UInt8>,
        _ fault: SMTPSyntaxError.Fault
    ) throws(SMTPSyntaxError) -> [UInt8] {
        var octets: [UInt8] = []
        while let octet = peek(in: line) {
            offset += 1
            switch octet {
            case ASCII.quote: return octets
            case ASCII.backslash:
                guard let quoted = peek(in: line), !ASCII.isControl(quoted) else { throw error(fault, "a character") }
                octets.append(quoted)
                offset += 1
            case _ where ASCII.isControl(octet): throw error(fault, "no control character")
            default: octets.append(octet)
            }
        }
        throw error(fault, "\"")
    }

    // Domain / address-literal    RFC 5321 §4.1.2, §4.1.3
    private mutating func domain(
        in line: Span<UInt8>,
        _ fault: SMTPSyntaxError.Fault
    ) throws(SMTPSyntaxError) -> Domain {
        let start = offset
        var octets: [UInt8]
        if peek(in: line) == 0x5B {
            octets = take(in: line) { $0 != 0x5D && $0 != 0x3E }
            if accept(0x5D, in: line) { octets.append(0x5D) }
        } else {
            octets = take(in: line) {
                ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == ASCII.dot || $0 >= 0x80
            }
        }
        guard let text = String(validating: octets, as: UTF8.self), let domain = Domain(text) else {
            throw SMTPSyntaxError(fault, at: start, expected: "a domain")
        }
        return domain
    }

    private static let at: UInt8 = 0x40
}
