// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Reads messages (RFC 9051 §6.4.5), or what changed of them (RFC 7162 §3.1.4.1).
package struct FetchCommand: NumberedCommand {
    package static let name: StaticString = "FETCH"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    /// Macros are given as what they stand for.
    package var items: [FetchItem]
    /// CHANGEDSINCE: only messages with a greater mod-sequence.
    package var changedSince: ModSeq?
    /// VANISHED: also the UIDs of those that are gone since (RFC 7162 §3.2.6).
    package var wantsVanished: Bool
    /// PARTIAL: only some of the messages, by their places among them (RFC 9394 §3.3).
    package var partial: PartialRange?

    package init(
        _ messages: SequenceSet,
        numbers: MessageNumbers = .sequence,
        items: [FetchItem],
        changedSince: ModSeq? = nil,
        wantsVanished: Bool = false,
        partial: PartialRange? = nil
    ) {
        self.numbers = numbers
        self.messages = messages
        self.items = items
        self.changedSince = changedSince
        self.wantsVanished = wantsVanished
        self.partial = partial
    }

    // fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")")
    //         [fetch-modifiers]    RFC 9051 §9, RFC 4466 §2.4
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        messages = try scanner.sequenceSet()
        try scanner.space()
        items = try scanner.fetchItems()
        (changedSince, wantsVanished) = (nil, false)
        guard !scanner.isAtEnd else { return }
        try scanner.space()
        try readModifiers(&scanner)
    }

    // fetch-modifier =/ chgsince-fetch-mod / rexpunges-fetch-mod    RFC 7162 §7
    // fetch-modifier =/ "PARTIAL" SP partial-range    RFC 9394 §4
    private mutating func readModifiers(_ scanner: inout WireScanner) throws(IMAPSyntaxError) {
        var (since, vanished, partial) = (changedSince, wantsVanished, partial)
        _ = try scanner.list { (scanner) throws(IMAPSyntaxError) in
            if scanner.acceptWord("VANISHED") {
                vanished = true
                return
            }
            if scanner.acceptWord("PARTIAL") {
                try scanner.space()
                partial = try scanner.partialRange()
                return
            }
            guard scanner.acceptWord("CHANGEDSINCE") else {
                throw scanner.failure("CHANGEDSINCE, VANISHED or PARTIAL")
            }
            try scanner.space()
            since = try scanner.modSeq()
        }
        (changedSince, wantsVanished, self.partial) = (since, vanished, partial)
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        encoder.space()
        encoder.fetchItems(items)
        guard changedSince != nil || wantsVanished || partial != nil else { return }
        encodeModifiers(to: &encoder)
    }

    private func encodeModifiers(to encoder: inout WireEncoder) {
        encoder.raw(" (")
        var needsSpace = false
        if let changedSince {
            encoder.raw("CHANGEDSINCE ")
            encoder.number(changedSince.rawValue)
            needsSpace = true
        }
        if wantsVanished {
            encoder.raw(needsSpace ? " VANISHED" : "VANISHED")
            needsSpace = true
        }
        if let partial {
            encoder.raw(needsSpace ? " PARTIAL " : "PARTIAL ")
            encoder.partialRange(partial)
        }
        encoder.raw(")")
    }
}
