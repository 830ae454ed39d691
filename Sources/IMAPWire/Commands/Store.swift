// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Changes flags (RFC 9051 §6.4.6).
package struct StoreCommand: NumberedCommand {
    package static let name: StaticString = "STORE"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .changesMailbox]

    package enum Mode: Hashable, Sendable { case replace, add, remove }

    package var numbers: MessageNumbers
    package var messages: SequenceSet
    package var mode: Mode
    package var isSilent: Bool
    package var flags: FlagSet

    package init(
        _ messages: SequenceSet,
        numbers: MessageNumbers = .sequence,
        _ mode: Mode,
        _ flags: FlagSet,
        isSilent: Bool = false
    ) {
        self.numbers = numbers
        self.messages = messages
        self.mode = mode
        self.flags = flags
        self.isSilent = isSilent
    }

    // store = "STORE" SP sequence-set SP store-att-flags
    // store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))    RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        messages = try scanner.sequenceSet()
        try scanner.space()
        mode = scanner.accept(0x2B) ? .add : scanner.accept(0x2D) ? .remove : .replace
        guard scanner.acceptPrefix("FLAGS") else { throw scanner.failure("FLAGS, +FLAGS or -FLAGS") }
        isSilent = scanner.acceptPrefix(".SILENT")
        try scanner.space()
        flags = try scanner.storeFlags()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.sequenceSet(messages)
        switch mode {
        case .replace: encoder.raw(" FLAGS")
        case .add: encoder.raw(" +FLAGS")
        case .remove: encoder.raw(" -FLAGS")
        }
        encoder.raw(isSilent ? ".SILENT " : " ")
        encoder.flagList(flags)
    }
}
