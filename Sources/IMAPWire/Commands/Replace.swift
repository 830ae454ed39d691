// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Stores a message and removes the one it takes the place of, both or none (RFC 8508 §3).
package struct ReplaceCommand: MessageCommand, NumberedCommand {
    package static let name: StaticString = "REPLACE"
    package static let traits: CommandTraits = [.selected, .changesMailbox, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    /// Of the message that goes.
    package var replaced: SequenceSet
    package var mailbox: String
    package var message: AppendMessage
    package var messages: [AppendMessage] { [message] }

    package init(
        _ replaced: SequenceSet,
        numbers: MessageNumbers = .sequence,
        mailbox: String,
        message: AppendMessage
    ) {
        self.numbers = numbers
        self.replaced = replaced
        self.mailbox = mailbox
        self.message = message
    }

    // replace = "REPLACE" SP seq-number SP mailbox append-message    RFC 8508 §4
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        let start = scanner.offset
        replaced = try scanner.sequenceSet()
        guard replaced.ranges.count == 1, replaced.ranges[0].first == replaced.ranges[0].last else {
            throw scanner.failure("the number of one message", at: start)
        }
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        message = try AppendMessage(parsing: &scanner)
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(replaced)
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        message.encode(to: &encoder)
    }
}
