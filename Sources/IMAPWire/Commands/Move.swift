// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Moves messages to another mailbox (RFC 9051 §6.4.8).
package struct MoveCommand: NumberedCommand {
    package static let name: StaticString = "MOVE"
    package static let traits: CommandTraits = [.selected, .changesMailbox, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    package var mailbox: String

    package init(_ messages: SequenceSet, numbers: MessageNumbers = .sequence, to mailbox: String) {
        self.numbers = numbers
        self.messages = messages
        self.mailbox = mailbox
    }

    // move = "MOVE" SP sequence-set SP mailbox    RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        messages = try scanner.sequenceSet()
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
