// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Stores a message (RFC 9051 §6.3.12).
///
/// This is what stands in front of the message's literal: the message itself never is in a frame, so that its size does
/// not matter here.
package struct AppendCommand: IMAPCommand {
    package static let name: StaticString = "APPEND"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var flags: FlagSet
    package var internalDate: MailDate?
    /// How the message follows.
    package var literal: LiteralMarker

    package init(mailbox: String, flags: FlagSet = .none, internalDate: MailDate? = nil, literal: LiteralMarker) {
        self.mailbox = mailbox
        self.flags = flags
        self.internalDate = internalDate
        self.literal = literal
    }

    // append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP (literal / literal8)    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        flags = .none
        if scanner.peek() == 0x28 {
            flags = try scanner.flagList()
            try scanner.space()
        }
        if scanner.peek() == 0x22 {
            internalDate = try scanner.dateTime()
            try scanner.space()
        }
        literal = try scanner.literalMarker()
    }

    /// Ends with the line end behind the literal's size; the message and CRLF follow.
    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        if !flags.isEmpty {
            encoder.flagList(flags)
            encoder.space()
        }
        if let internalDate {
            encoder.dateTime(internalDate)
            encoder.space()
        }
        encoder.raw(literal.isBinary ? "~{" : "{")
        encoder.number(literal.count)
        encoder.raw(literal.isSynchronizing ? "}" : "+}")
    }

    /// The command in front of `marker`, when that is the message's literal: the frame so far is the whole head of an
    /// APPEND.
    ///
    /// `nil` when it is another command, or the literal is the mailbox name.
    package static func head(
        of frame: [UInt8],
        textForm: TextForm = .modifiedUTF7
    ) -> (tag: [UInt8], command: AppendCommand)? {
        var scanner = WireScanner(frame, textForm: textForm)
        do throws(IMAPSyntaxError) {
            let head = try CommandHead(tag: try CommandHead.tag(parsing: &scanner), parsing: &scanner)
            guard head.name == "APPEND", !head.isUID else { return nil }
            let command = try AppendCommand(parsing: &scanner)
            return scanner.isAtEnd ? (head.tag, command) : nil
        } catch {
            return nil
        }
    }
}

extension WireScanner {
    /// The announcement of a literal whose octets are not in the frame; passes over its line end if that is.
    fileprivate mutating func literalMarker() throws(IMAPSyntaxError) -> LiteralMarker {
        let isBinary = accept(0x7E)
        try expect(0x7B, "the message as a literal")
        let count = try number64("the size of the message")
        let isSynchronizing = !accept(0x2B)
        try expect(0x7D, "\"}\"")
        if accept(ASCII.cr) { try expect(ASCII.lf, "a line end") }
        return LiteralMarker(count: count, isSynchronizing: isSynchronizing, isBinary: isBinary)
    }
}
