// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Stores messages (RFC 9051 §6.3.12), several of them all or none (RFC 3502 §6.3.11).
///
/// This is what stands in front of the first message's literal: no message ever is in a frame, so that its size does not
/// matter here.
package struct AppendCommand: MessageCommand {
    package static let name: StaticString = "APPEND"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var message: AppendMessage

    package init(mailbox: String, message: AppendMessage) {
        self.mailbox = mailbox
        self.message = message
    }

    // append = "APPEND" SP mailbox 1*append-message    RFC 3502 §6.3.11
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        message = try AppendMessage(parsing: &scanner)
    }

    /// Ends with the line end behind the literal's size; the message, what follows it and CRLF come next.
    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        message.encode(to: &encoder)
    }
}

/// A command that brings messages.
package protocol MessageCommand: IMAPCommand {
    var mailbox: String { get }
    /// The first message.
    var message: AppendMessage { get }
}

extension MessageCommand {
    /// How the first message follows.
    package var literal: LiteralMarker { message.literal }
}

/// The commands that bring messages, by their heads.
package enum MessageCommandHead {
    /// The command in front of a literal, when that is a message: the frame so far is all that stands before it.
    ///
    /// `nil` when it is another command, or the literal is the mailbox name.
    package static func read(
        _ frame: [UInt8],
        textForm: TextForm = .modifiedUTF7
    ) -> (tag: [UInt8], command: any MessageCommand)? {
        var scanner = WireScanner(frame, textForm: textForm)
        do throws(IMAPSyntaxError) {
            let head = try CommandHead(tag: try CommandHead.tag(parsing: &scanner), parsing: &scanner)
            let command: any MessageCommand
            switch (head.name, head.isUID) {
            case ("APPEND", false): command = try AppendCommand(parsing: &scanner)
            case ("REPLACE", let isUID):
                command = try ReplaceCommand(parsing: &scanner, numbers: isUID ? .uid : .sequence)
            default: return nil
            }
            return scanner.isAtEnd ? (head.tag, command) : nil
        } catch {
            return nil
        }
    }
}
