// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Copies messages to another mailbox (RFC 9051 §6.4.7).
package struct CopyCommand: NumberedCommand {
    package static let name: StaticString = "COPY"
    package static let traits: CommandTraits = [.selected, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    package var mailbox: String

    package init(_ messages: SequenceSet, numbers: MessageNumbers = .sequence, to mailbox: String) {
        self.numbers = numbers
        self.messages = messages
        self.mailbox = mailbox
    }

    // copy = "COPY" SP sequence-set SP mailbox    RFC 9051 §9
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
