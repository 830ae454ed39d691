// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// What SELECT and EXAMINE may ask beside the mailbox (RFC 4466 §2.1).
package struct SelectParameters: Hashable, Sendable {
    /// What a client knows of a mailbox from an earlier session (RFC 7162 §3.2.5).
    package struct Resynchronization: Hashable, Sendable {
        package var uidValidity: UIDValidity
        package var modSeq: ModSeq
        /// `nil` for all that there may be.
        package var knownUIDs: SequenceSet?
        /// Sequence numbers and, in the same order, their UIDs: a help for servers that forget what was expunged.
        ///
        /// This one does not.
        package var match: Match?

        package struct Match: Hashable, Sendable {
            package var numbers: SequenceSet
            package var uids: SequenceSet

            package init(numbers: SequenceSet, uids: SequenceSet) {
                self.numbers = numbers
                self.uids = uids
            }
        }

        package init(
            uidValidity: UIDValidity,
            modSeq: ModSeq,
            knownUIDs: SequenceSet? = nil,
            match: Match? = nil
        ) {
            self.uidValidity = uidValidity
            self.modSeq = modSeq
            self.knownUIDs = knownUIDs
            self.match = match
        }
    }

    /// CONDSTORE (RFC 7162 §3.1.8).
    package var wantsModSeqs: Bool
    /// QRESYNC.
    package var resynchronization: Resynchronization?

    package init(wantsModSeqs: Bool = false, resynchronization: Resynchronization? = nil) {
        self.wantsModSeqs = wantsModSeqs
        self.resynchronization = resynchronization
    }
}

extension WireScanner {
    // select-params = SP "(" select-param *(SP select-param) ")"    RFC 4466 §6
    // select-param =/ condstore-param / "QRESYNC" SP "(" ... ")"    RFC 7162 §7
    package mutating func selectParameters() throws(IMAPSyntaxError) -> SelectParameters {
        var parameters = SelectParameters()
        guard !isAtEnd else { return parameters }
        try space()
        _ = try list { (scanner) throws(IMAPSyntaxError) in
            if scanner.acceptWord("CONDSTORE") {
                parameters.wantsModSeqs = true
                return
            }
            guard scanner.acceptWord("QRESYNC") else { throw scanner.failure("CONDSTORE or QRESYNC") }
            try scanner.space()
            parameters.resynchronization = try scanner.resynchronization()
        }
        return parameters
    }

    // "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"    RFC 7162 §7
    private mutating func resynchronization() throws(IMAPSyntaxError) -> SelectParameters.Resynchronization {
        try open()
        let validity = UIDValidity(try positiveNumber("a UIDVALIDITY"))
        try space()
        var known = SelectParameters.Resynchronization(uidValidity: validity, modSeq: try modSeq())
        if accept(ASCII.space), peek() != 0x28 {
            known.knownUIDs = try plainSet()
            if !accept(ASCII.space) {
                try close()
                return known
            }
        }
        if peek() == 0x28 { known.match = try match() }
        try close()
        return known
    }

    // seq-match-data = "(" known-sequence-set SP known-uid-set ")"    RFC 7162 §7
    private mutating func match() throws(IMAPSyntaxError) -> SelectParameters.Resynchronization.Match {
        try open()
        let numbers = try plainSet()
        try space()
        let uids = try plainSet()
        try close()
        return SelectParameters.Resynchronization.Match(numbers: numbers, uids: uids)
    }

    /// A sequence set of plain numbers: `*` and `$` mean nothing here.
    private mutating func plainSet() throws(IMAPSyntaxError) -> SequenceSet {
        let start = offset
        let set = try sequenceSet()
        let isPlain = !set.isSavedResult && set.ranges.allSatisfy { $0.first != .largest && $0.last != .largest }
        guard isPlain else { throw failure("a set of numbers", at: start) }
        return set
    }
}

extension WireEncoder {
    package mutating func selectParameters(_ parameters: SelectParameters) {
        guard parameters.wantsModSeqs || parameters.resynchronization != nil else { return }
        raw(parameters.wantsModSeqs ? " (CONDSTORE" : " (")
        if let known = parameters.resynchronization {
            raw(parameters.wantsModSeqs ? " QRESYNC (" : "QRESYNC (")
            number(known.uidValidity.rawValue)
            space()
            number(known.modSeq.rawValue)
            if let uids = known.knownUIDs {
                space()
                sequenceSet(uids)
            }
            if let match = known.match {
                raw(" (")
                sequenceSet(match.numbers)
                space()
                sequenceSet(match.uids)
                raw(")")
            }
            raw(")")
        }
        raw(")")
    }
}
