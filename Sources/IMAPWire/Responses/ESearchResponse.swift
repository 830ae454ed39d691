// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The result of a search in the extended form (RFC 4731 §3.1, RFC 9051 §7.3.4).
package struct ESearchResponse: Hashable, Sendable {
    package enum Item: Hashable, Sendable {
        case minimum(UInt32)
        case maximum(UInt32)
        /// Never empty.
        case all(UIDSet)
        case count(UInt32)
        /// The greatest of the messages that the response tells of (RFC 7162 §3.1.10).
        case modSeq(ModSeq)
    }

    /// Of the command that asked.
    package var tag: [UInt8]?
    /// Whether the numbers are UIDs.
    package var isUID: Bool
    package var items: [Item]

    package init(tag: [UInt8]?, isUID: Bool, items: [Item]) {
        self.tag = tag
        self.isUID = isUID
        self.items = items
    }
}

extension WireEncoder {
    // esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)    RFC 9051 §9
    mutating func esearch(_ response: ESearchResponse) {
        raw("ESEARCH")
        if let tag = response.tag {
            raw(" (TAG ")
            string(tag)
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
            raw(numbers.description.utf8)
        }
    }

    private mutating func numbered(_ keyword: StaticString, _ value: UInt64) {
        raw(keyword)
        number(value)
    }
}

extension WireScanner {
    /// Behind the name of the response.
    mutating func esearch() throws(IMAPSyntaxError) -> ESearchResponse {
        var response = ESearchResponse(tag: nil, isUID: false, items: [])
        if peek() == ASCII.space, peek(1) == 0x28 {
            try space()
            try open()
            guard acceptWord("TAG") else { throw failure("TAG") }
            try space()
            response.tag = try string("a tag")
            try close()
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

    // search-return-data = "MIN" SP nz-number / "MAX" SP nz-number / "ALL" SP sequence-set / "COUNT" SP number
    // RFC 9051 §9, RFC 7162 §7
    private mutating func esearchItem() throws(IMAPSyntaxError) -> ESearchResponse.Item {
        let start = offset
        let name = try word("MIN, MAX, ALL, COUNT or MODSEQ")
        try space()
        switch name {
        case "MIN": return .minimum(try positiveNumber())
        case "MAX": return .maximum(try positiveNumber())
        case "ALL": return .all(try uidSet())
        case "COUNT": return .count(try number())
        case "MODSEQ": return .modSeq(try modSeq())
        default: throw failure("MIN, MAX, ALL, COUNT or MODSEQ", at: start)
        }
    }
}
