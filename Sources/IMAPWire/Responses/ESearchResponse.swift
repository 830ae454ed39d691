// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The result of a search in the extended form (RFC 4731 §3.1, RFC 9051 §7.3.4), or what is new in it (RFC 5267 §4.3).
package struct ESearchResponse: Hashable, Sendable {
    package enum Item: Hashable, Sendable {
        case minimum(UInt32)
        case maximum(UInt32)
        /// Never empty.
        case all(ResultNumbers)
        case count(UInt32)
        /// The greatest of the messages that the response tells of (RFC 7162 §3.1.10).
        case modSeq(ModSeq)
        /// The range that was asked for, and what is in it (RFC 9394 §3.1).
        case partial(PartialRange, ResultNumbers)
        /// Put into the result, one after the other. Never empty.
        case addTo([Placement])
        /// Taken out of it, likewise.
        case removeFrom([Placement])
    }

    /// Numbers and where in the result they are: the place of the first, from 1; 0 in a result that is in the order of
    /// the mailbox, where each is at its place (RFC 5267 §4.3.3).
    package struct Placement: Hashable, Sendable {
        package var position: UInt32
        package var numbers: ResultNumbers

        package init(_ position: UInt32, _ numbers: ResultNumbers) {
            self.position = position
            self.numbers = numbers
        }
    }

    /// The mailbox that was searched (RFC 7377 §2.1).
    package struct Source: Hashable, Sendable {
        package var mailbox: String
        package var uidValidity: UIDValidity

        package init(mailbox: String, uidValidity: UIDValidity) {
            self.mailbox = mailbox
            self.uidValidity = uidValidity
        }
    }

    /// Of the command that asked.
    package var tag: [UInt8]?
    /// `nil` for the selected mailbox, in answers to what searches no other.
    package var source: Source?
    /// Whether the numbers are UIDs.
    package var isUID: Bool
    package var items: [Item]

    package init(tag: [UInt8]?, source: Source? = nil, isUID: Bool, items: [Item]) {
        self.tag = tag
        self.source = source
        self.isUID = isUID
        self.items = items
    }
}

/// Numbers in the order of a result, which for SORT is not that of the numbers.
package struct ResultNumbers: Hashable, Sendable {
    package private(set) var ranges: [ClosedRange<UInt32>] = []

    package init(_ numbers: some Sequence<UInt32>) {
        for number in numbers { append(number...number) }
    }

    package var isEmpty: Bool { ranges.isEmpty }

    fileprivate mutating func append(_ range: ClosedRange<UInt32>) {
        if let last = ranges.last, last.upperBound < .max, last.upperBound + 1 == range.lowerBound {
            ranges[ranges.count - 1] = last.lowerBound...range.upperBound
        } else {
            ranges.append(range)
        }
    }
}

extension WireEncoder {
    // esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)    RFC 9051 §9
    mutating func esearch(_ response: ESearchResponse) {
        raw("ESEARCH")
        if let tag = response.tag {
            raw(" (TAG ")
            string(tag)
            if let source = response.source {
                raw(" MAILBOX ")
                mailbox(source.mailbox)
                raw(" UIDVALIDITY ")
                number(source.uidValidity.rawValue)
            }
            raw(")")
        }
        if response.isUID { raw(" UID") }
        for item in response.items {
            space()
            self.item(item)
        }
    }

    private mutating func item(_ item: ESearchResponse.Item) {
        switch item {
        case .minimum(let number): numbered("MIN ", UInt64(number))
        case .maximum(let number): numbered("MAX ", UInt64(number))
        case .count(let count): numbered("COUNT ", UInt64(count))
        case .modSeq(let modSeq): numbered("MODSEQ ", modSeq.rawValue)
        case .all(let numbers):
            raw("ALL ")
            self.numbers(numbers)
        case .partial(let range, let numbers):
            raw("PARTIAL (")
            partialRange(range)
            space()
            numbers.isEmpty ? raw("NIL") : self.numbers(numbers)
            raw(")")
        case .addTo(let placements): placed("ADDTO ", placements)
        case .removeFrom(let placements): placed("REMOVEFROM ", placements)
        }
    }

    private mutating func placed(_ keyword: StaticString, _ placements: [ESearchResponse.Placement]) {
        raw(keyword)
        list(placements) { encoder, placement in
            encoder.number(placement.position)
            encoder.space()
            encoder.numbers(placement.numbers)
        }
    }

    private mutating func numbered(_ keyword: StaticString, _ value: UInt64) {
        raw(keyword)
        number(value)
    }

    private mutating func numbers(_ numbers: ResultNumbers) {
        for (place, range) in numbers.ranges.enumerated() {
            if place > 0 { raw(",") }
            number(range.lowerBound)
            guard range.count > 1 else { continue }
            raw(":")
            number(range.upperBound)
        }
    }
}

extension WireScanner {
    /// Behind the name of the response.
    mutating func esearch() throws(IMAPSyntaxError) -> ESearchResponse {
        var response = ESearchResponse(tag: nil, isUID: false, items: [])
        if peek() == ASCII.space, peek(1) == 0x28 {
            try space()
            try correlators(of: &response)
        }
        while accept(ASCII.space) {
            if !response.isUID, response.items.isEmpty, acceptWord("UID") {
                response.isUID = true
            } else {
                response.items.append(try esearchItem())
            }
        }
        return response
    }

    // search-correlator = SP "(" one-correlator *(SP one-correlator) ")"
    // one-correlator = ("TAG" SP tag-string) / ("MAILBOX" SP astring) / ("UIDVALIDITY" SP nz-number)    RFC 7377 §4
    private mutating func correlators(of response: inout ESearchResponse) throws(IMAPSyntaxError) {
        try open()
        guard acceptWord("TAG") else { throw failure("TAG") }
        try space()
        response.tag = try string("a tag")
        if accept(ASCII.space) {
            guard acceptWord("MAILBOX") else { throw failure("MAILBOX") }
            try space()
            let start = offset
            let mailbox = try mailboxText(try astring("a mailbox name"), at: start)
            guard acceptPrefix(" UIDVALIDITY ") else { throw failure("UIDVALIDITY") }
            response.source = .init(mailbox: mailbox, uidValidity: UIDValidity(try positiveNumber()))
        }
        try close()
    }

    // ret-data-addto = "ADDTO" SP "(" context-position SP sequence-set *(SP context-position SP sequence-set) ")"
    // RFC 5267 §5; ret-data-removefrom likewise
    private mutating func placements() throws(IMAPSyntaxError) -> [ESearchResponse.Placement] {
        try list { (scanner) throws(IMAPSyntaxError) in
            let position = try scanner.number()
            try scanner.space()
            return ESearchResponse.Placement(position, try scanner.resultNumbers())
        }
    }

    // search-return-data = "MIN SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number
    // RFC 9051 §9, RFC 7162 §7; "PARTIAL" SP "(" partial-range SP (sequence-set / nil) ")"    RFC 9394 §4
    private mutating func esearchItem() throws(IMAPSyntaxError) -> ESearchResponse.Item {
        let start = offset
        let expected = "MIN, MAX, ALL, COUNT, MODSEQ, PARTIAL, ADDTO or REMOVEFROM"
        let name = try word(expected)
        try space()
        switch name {
        case "MIN": return .minimum(try positiveNumber())
        case "MAX": return .maximum(try positiveNumber())
        case "ALL": return .all(try resultNumbers())
        case "COUNT": return .count(try number())
        case "MODSEQ": return .modSeq(try modSeq())
        case "PARTIAL":
            try open()
            let range = try partialRange()
            try space()
            let numbers = acceptWord("NIL") ? ResultNumbers([]) : try resultNumbers()
            try close()
            return .partial(range, numbers)
        case "ADDTO": return .addTo(try placements())
        case "REMOVEFROM": return .removeFrom(try placements())
        default: throw failure(expected, at: start)
        }
    }

    private mutating func resultNumbers() throws(IMAPSyntaxError) -> ResultNumbers {
        var numbers = ResultNumbers([])
        repeat {
            let start = offset
            let first = try positiveNumber()
            let last = accept(0x3A) ? try positiveNumber() : first
            guard first <= last else { throw failure("the smaller number first", at: start) }
            numbers.append(first...last)
        } while accept(0x2C)
        return numbers
    }
}
