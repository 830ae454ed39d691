// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireScanner {
    // resp-text-code in "[" "]"    RFC 9051 §9
    mutating func responseCode() throws(IMAPSyntaxError) -> ResponseCode {
        try expect(0x5B, "\"[\"")
        let start = offset
        let name = try word("a response code")
        let code = try responseCode(name, at: start)
        try expect(0x5D, "\"]\" after the response code")
        return code
    }

    private mutating func responseCode(_ name: String, at start: Int) throws(IMAPSyntaxError) -> ResponseCode {
        if let word = ResponseCode.Word(rawValue: name), !takesExtensions || peek() != ASCII.space {
            return .word(word)
        }
        if name == "INPROGRESS" { return .inProgress(try commandProgress()) }
        guard accept(ASCII.space) else {
            guard takesExtensions else { throw failure("a known response code", at: start) }
            return .other(name, nil)
        }
        switch name {
        case "APPENDUID":
            let validity = UIDValidity(try positiveNumber())
            try space()
            return .appendUID(validity, try uidSet())
        case "BADEVENT":
            return .badEvent(
                try list { (scanner) throws(IMAPSyntaxError) in
                    String(decoding: try scanner.atom("an event"), as: UTF8.self)
                }
            )
        case "BADURL": return .badURL(try responseCodeArgument())
        case "BADCHARSET":
            return .badCharset(
                try list { (scanner) throws(IMAPSyntaxError) in String(decoding: try scanner.astring(), as: UTF8.self) }
            )
        case "CAPABILITY": return .capability(try capabilityWords())
        case "COPYUID": return try copyUID()
        case "MAILBOXID": return .mailboxID(try objectIDInParentheses())
        case "HIGHESTMODSEQ": return .highestModSeq(try modSeq())
        case "MESSAGELIMIT": return try messageLimit()
        case "METADATA": return .metadata(try metadataCode())
        case "MODIFIED": return .modified(try uidSet())
        case "NOUPDATE":
            guard peek() == ASCII.quote else { throw failure("a tag in quotation marks") }
            return .noUpdate(try quoted())
        case "PERMANENTFLAGS": return .permanentFlags(try flagNames(permanent: true))
        case "UIDNEXT": return .uidNext(UID(try positiveNumber()))
        case "UIDVALIDITY": return .uidValidity(UIDValidity(try positiveNumber()))
        case "UNSEEN": return .unseen(SequenceNumber(try positiveNumber()))
        default:
            guard takesExtensions else { throw failure("a known response code", at: start) }
            return .other(name, try responseCodeArgument())
        }
    }

    // resp-text-code =/ atom [SP 1*<any TEXT-CHAR except "]">]    RFC 9051 §9
    private mutating func responseCodeArgument() throws(IMAPSyntaxError) -> [UInt8] {
        let start = offset
        var argument: [UInt8] = []
        while let octet = peek(), octet != 0x5D, CharacterClass.of(octet).contains(.text) {
            argument.append(octet)
            rewind(to: offset + 1)
        }
        guard !argument.isEmpty else { throw failure("what belongs to the response code", at: start) }
        return argument
    }

    private mutating func capabilityWords() throws(IMAPSyntaxError) -> [String] {
        var words: [String] = []
        repeat { words.append(String(decoding: try atom("a capability"), as: UTF8.self)) } while accept(ASCII.space)
        return words
    }

    mutating func objectIDInParentheses() throws(IMAPSyntaxError) -> String {
        try open()
        let id = try objectID()
        try close()
        return id
    }

    // "MESSAGELIMIT" SP message-limit [SP uniqueid]; message-limit = nz-number    RFC 9738 §5
    private mutating func messageLimit() throws(IMAPSyntaxError) -> ResponseCode {
        let limit = try positiveNumber()
        return .messageLimit(limit, lowest: accept(ASCII.space) ? UID(try positiveNumber()) : nil)
    }

    private mutating func copyUID() throws(IMAPSyntaxError) -> ResponseCode {
        let validity = UIDValidity(try positiveNumber())
        try space()
        let source = try uidSet()
        try space()
        return .copyUID(validity, source: source, target: try uidSet())
    }

    // uid-set: a sequence set without "*"    RFC 4315 §4
    mutating func uidSet() throws(IMAPSyntaxError) -> UIDSet {
        let start = offset
        let set = try sequenceSet()
        let hasStar = set.ranges.contains { $0.first == .largest || $0.last == .largest }
        guard !hasStar, !set.isSavedResult else { throw failure("a set without \"*\" and \"$\"", at: start) }
        return UIDSet(set.resolved(largest: 0))
    }
}
