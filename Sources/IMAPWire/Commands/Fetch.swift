// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Reads messages (RFC 9051 §6.4.5), or what changed of them (RFC 7162 §3.1.4.1).
package struct FetchCommand: NumberedCommand {
    package static let name: StaticString = "FETCH"
    package static let traits: CommandTraits = [.selected, .holdsExpunges]

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    /// Macros are given as what they stand for.
    package var items: [FetchItem]
    /// CHANGEDSINCE: only messages with a greater mod-sequence.
    package var changedSince: ModSeq?
    /// VANISHED: also the UIDs of those that are gone since (RFC 7162 §3.2.6).
    package var wantsVanished: Bool

    package init(
        _ messages: SequenceSet,
        numbers: MessageNumbers = .sequence,
        items: [FetchItem],
        changedSince: ModSeq? = nil,
        wantsVanished: Bool = false
    ) {
        self.numbers = numbers
        self.messages = messages
        self.items = items
        self.changedSince = changedSince
        self.wantsVanished = wantsVanished
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
    private mutating func readModifiers(_ scanner: inout WireScanner) throws(IMAPSyntaxError) {
        var (since, vanished) = (changedSince, wantsVanished)
        _ = try scanner.list { (scanner) throws(IMAPSyntaxError) in
            if scanner.acceptWord("VANISHED") {
                vanished = true
                return
            }
            guard scanner.acceptWord("CHANGEDSINCE") else { throw scanner.failure("CHANGEDSINCE or VANISHED") }
            try scanner.space()
            since = try scanner.modSeq()
        }
        (changedSince, wantsVanished) = (since, vanished)
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        encoder.space()
        encoder.fetchItems(items)
        guard changedSince != nil || wantsVanished else { return }
        encoder.raw(" (")
        if let changedSince {
            encoder.raw("CHANGEDSINCE ")
            encoder.number(changedSince.rawValue)
        }
        if wantsVanished { encoder.raw(changedSince == nil ? "VANISHED" : " VANISHED") }
        encoder.raw(")")
    }
}
