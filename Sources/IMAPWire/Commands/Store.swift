// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Changes flags (RFC 9051 §6.4.6), where wished only of messages that nobody else changed (RFC 7162 §3.1.3).
package struct StoreCommand: NumberedCommand {
    package static let name: StaticString = "STORE"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .changesMailbox, .usesSequenceNumbers]

    package enum Mode: Hashable, Sendable { case replace, add, remove }

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    package var mode: Mode
    package var isSilent: Bool
    package var flags: FlagSet
    /// UNCHANGEDSINCE: messages with a greater mod-sequence stay as they are.
    package var unchangedSince: ModSeq?

    package init(
        _ messages: SequenceSet,
        numbers: MessageNumbers = .sequence,
        _ mode: Mode,
        _ flags: FlagSet,
        isSilent: Bool = false,
        unchangedSince: ModSeq? = nil
    ) {
        self.numbers = numbers
        self.messages = messages
        self.mode = mode
        self.flags = flags
        self.isSilent = isSilent
        self.unchangedSince = unchangedSince
    }

    // store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags    RFC 4466 §2.5
    // store-modifier =/ "UNCHANGEDSINCE" SP mod-sequence-valzer    RFC 7162 §7
    // store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))    RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        messages = try scanner.sequenceSet()
        try scanner.space()
        if scanner.accept(0x28) {
            guard scanner.acceptWord("UNCHANGEDSINCE") else { throw scanner.failure("UNCHANGEDSINCE") }
            try scanner.space()
            unchangedSince = try scanner.modSeqOrZero()
            try scanner.close()
            try scanner.space()
        }
        mode = scanner.accept(0x2B) ? .add : scanner.accept(0x2D) ? .remove : .replace
        guard scanner.acceptPrefix("FLAGS") else { throw scanner.failure("FLAGS, +FLAGS or -FLAGS") }
        isSilent = scanner.acceptPrefix(".SILENT")
        try scanner.space()
        flags = try scanner.storeFlags()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        if let unchangedSince {
            encoder.raw(" (UNCHANGEDSINCE ")
            encoder.number(unchangedSince.rawValue)
            encoder.raw(")")
        }
        switch mode {
        case .replace: encoder.raw(" FLAGS")
        case .add: encoder.raw(" +FLAGS")
        case .remove: encoder.raw(" -FLAGS")
        }
        encoder.raw(isSilent ? ".SILENT " : " ")
        encoder.flagList(flags)
    }
}
