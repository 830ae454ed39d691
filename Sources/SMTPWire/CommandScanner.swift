// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Walks a command line.
///
/// Keeps an offset and is given the line each time; no read can leave the line.
struct CommandScanner {
    var offset = 0

    func peek(in line: Span<UInt8>) -> UInt8? { offset < line.count ? line[offset] : nil }

    func isAtEnd(of line: Span<UInt8>) -> Bool { offset >= line.count }

    /// Takes `octet` if it is next.
    mutating func accept(_ octet: UInt8, in line: Span<UInt8>) -> Bool {
        guard peek(in: line) == octet else { return false }
        offset += 1
        return true
    }

    mutating func skipBlanks(in line: Span<UInt8>) {
        while let octet = peek(in: line), ASCII.isBlank(octet) { offset += 1 }
    }

    /// Takes the longest run of octets that `belongs` admits; may be empty.
    mutating func take(in line: Span<UInt8>, while belongs: (UInt8) -> Bool) -> [UInt8] {
        var run: [UInt8] = []
        while let octet = peek(in: line), belongs(octet) {
            run.append(octet)
            offset += 1
        }
        return run
    }

    /// Takes a word up to the next blank, in upper case; octets that are no UTF-8 become what no keyword holds.
    mutating func keyword(in line: Span<UInt8>) -> String {
        let octets = take(in: line) { !ASCII.isBlank($0) }
        return ASCII.uppercased(String(decoding: octets, as: UTF8.self))
    }

    /// Takes `text` (upper case) in either case, or nothing.
    mutating func accept(_ text: StaticString, in line: Span<UInt8>) -> Bool {
        let wanted = Array(String(describing: text).utf8)
        guard line.count - offset >= wanted.count else { return false }
        for (position, octet) in wanted.enumerated() where ASCII.upper(line[offset + position]) != octet {
            return false
        }
        offset += wanted.count
        return true
    }

    /// What is left without blanks around it, as UTF-8 with ill-formed sequences replaced.
    mutating func rest(of line: Span<UInt8>) -> String {
        skipBlanks(in: line)
        var octets = take(in: line) { _ in true }
        while let last = octets.last, ASCII.isBlank(last) { octets.removeLast() }
        return String(decoding: octets, as: UTF8.self)
    }

    /// Nothing but blanks may follow (trailing white space is tolerated: RFC 5321 §4.1.1).
    mutating func expectEnd(of line: Span<UInt8>) throws(SMTPSyntaxError) {
        skipBlanks(in: line)
        guard isAtEnd(of: line) else { throw error(.argument, "the end of the line") }
    }

    func error(_ fault: SMTPSyntaxError.Fault, _ expected: String) -> SMTPSyntaxError {
        SMTPSyntaxError(fault, at: offset, expected: expected)
    }
}
