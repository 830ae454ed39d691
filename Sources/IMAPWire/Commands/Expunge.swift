// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Removes messages that have \Deleted: all (RFC 9051 §6.4.3), or those of a set (RFC 9051 §6.4.9 UID EXPUNGE).
package struct ExpungeCommand: NumberedCommand {
    package static let name: StaticString = "EXPUNGE"
    package static let traits: CommandTraits = [.selected, .changesMailbox]

    /// `nil` for all.
    package var uids: SequenceSet?

    package init(uids: SequenceSet? = nil) { self.uids = uids }

    package var numbers: MessageNumbers { uids == nil ? .sequence : .uid }

    // expunge = "EXPUNGE"; uid-expunge = "UID" SP "EXPUNGE" SP sequence-set    RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        guard numbers == .uid else { return }
        try scanner.space()
        uids = try scanner.sequenceSet()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        guard let uids else { return }
        encoder.space()
        encoder.sequenceSet(uids)
    }
}
