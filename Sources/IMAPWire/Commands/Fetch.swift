// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Reads messages (RFC 9051 §6.4.5).
package struct FetchCommand: NumberedCommand {
    package static let name: StaticString = "FETCH"
    package static let traits: CommandTraits = [.selected, .holdsExpunges]

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    /// Macros are given as what they stand for.
    package var items: [FetchItem]

    package init(_ messages: SequenceSet, numbers: MessageNumbers = .sequence, items: [FetchItem]) {
        self.numbers = numbers
        self.messages = messages
        self.items = items
    }

    // fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
    // RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        messages = try scanner.sequenceSet()
        try scanner.space()
        items = try scanner.fetchItems()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        encoder.space()
        encoder.fetchItems(items)
    }
}
