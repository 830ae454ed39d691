// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Stores messages (RFC 9051 §6.3.12), several of them all or none (RFC 3502 §6.3.11), also put together of what is
/// stored (RFC 4469 §3).
///
/// This is what stands in front of the first literal of a message: no such ever is in a frame, so that its size does
/// not matter here.
package struct AppendCommand: MessageCommand {
    package static let name: StaticString = "APPEND"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var messages: [AppendMessage]

    package init(mailbox: String, messages: [AppendMessage]) {
        self.mailbox = mailbox
        self.messages = messages
    }

    package init(mailbox: String, message: AppendMessage) { self.init(mailbox: mailbox, messages: [message]) }

    // append = "APPEND" SP mailbox 1*append-message    RFC 3502 §6.3.11
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        messages = try scanner.appendMessages()
    }

    /// Where a literal stands at the end, the line end behind its size, its octets and what follows them come next.
    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        for message in messages {
            encoder.space()
            message.encode(to: &encoder)
        }
    }
}

/// A command that brings messages.
package protocol MessageCommand: IMAPCommand {
    var mailbox: String { get }
    /// At least one; all but the last are whole.
    var messages: [AppendMessage] { get }
}

extension MessageCommand {
    /// The literal that follows; `nil` when the command is whole.
    package var literal: AppendLiteral? { messages.last?.literal }
}

/// The commands that bring messages, by their heads.
package enum MessageCommandHead {
    /// The command in front of a literal, when that is a message or a text of one: the frame so far is all that stands
    /// before it.
    ///
    /// `nil` when it is another command, or the literal is an argument of it.
    package static func read(
        _ frame: [UInt8],
        textForm: TextForm = .modifiedUTF7
    ) -> (tag: [UInt8], command: any MessageCommand)? {
        var scanner = WireScanner(frame, textForm: textForm)
        do throws(IMAPSyntaxError) {
            let head = try CommandHead(tag: try CommandHead.tag(parsing: &scanner), parsing: &scanner)
            guard let command = try command(head, &scanner), command.literal != nil, scanner.isAtEnd else { return nil }
            return (head.tag, command)
        } catch {
            return nil
        }
    }

    /// A command whose head has been read and which is whole; `nil` when it is another.
    package static func whole(
        _ head: CommandHead,
        _ scanner: inout WireScanner
    ) throws(IMAPSyntaxError) -> (any MessageCommand)? {
        guard let command = try command(head, &scanner) else { return nil }
        try scanner.end("the end of the \(head.name) command")
        return command
    }

    private static func command(
        _ head: CommandHead,
        _ scanner: inout WireScanner
    ) throws(IMAPSyntaxError) -> (any MessageCommand)? {
        switch (head.name, head.isUID) {
        case ("APPEND", false): try AppendCommand(parsing: &scanner)
        case ("REPLACE", let isUID): try ReplaceCommand(parsing: &scanner, numbers: isUID ? .uid : .sequence)
        default: nil
        }
    }
}
