// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import MessageFormat

/// Looks for a term in a stretch of texts.
enum TextScan {
    /// The regions that a term looks into.
    static func regions(of scope: MessageSearch.Scope) -> [TextRegion] {
        switch scope {
        case .body: [.body]
        case .header: [.head]
        case .text: [.head, .body]
        }
    }

    /// What every text that matches has in it; filters are asked for this.
    static func pattern(of term: MessageSearch.Term) -> [UInt8] {
        guard term.needle.isEmpty, case .header(let name) = term.scope else { return term.needle.folded }
        return name + [UInt8(ascii: ":")]
    }

    /// Notes in `found` which messages match; `ends` are where their texts end, in order, and the last is no more than
    /// the text has octets.
    ///
    /// As fast as `memmem` where matches are few; of a message that matches no more is looked at.
    static func scan(_ text: [UInt8], _ ends: [Int], for term: MessageSearch.Term, _ found: inout [Bool]) {
        let pattern = pattern(of: term)
        guard !pattern.isEmpty else {
            for index in ends.indices { found[index] = true }
            return
        }
        unsafe text.withUnsafeBytes { text in
            let field = FieldMatch(term)
            var (from, message, start) = (0, 0, 0)
            while from < text.count, message < ends.count,
                let hit = unsafe firstMatch(of: pattern, in: text, from: from)
            {
                while message < ends.count, ends[message] <= hit {
                    start = ends[message]
                    message += 1
                }
                guard message < ends.count else { break }
                let next = unsafe field?.next(behind: hit, in: text, start..<ends[message])
                if next == nil { found[message] = true }
                from = next ?? ends[message]
            }
        }
    }

    private static func firstMatch(of pattern: [UInt8], in text: UnsafeRawBufferPointer, from: Int) -> Int? {
        guard let base = text.baseAddress else { return nil }
        let found = unsafe pattern.withUnsafeBytes { pattern -> UnsafeRawPointer? in
            guard let first = pattern.baseAddress else { return nil }
            return unsafe CLinux_find(base + from, text.count - from, first, pattern.count)
        }
        return unsafe found.map { unsafe $0 - base }
    }
}

/// Whether a match lies in the value of a field with a certain name.
private struct FieldMatch {
    let name: [UInt8]
    /// The match is the name itself.
    let isName: Bool

    init?(_ term: MessageSearch.Term) {
        guard case .header(let name) = term.scope else { return nil }
        self.name = name
        isName = term.needle.isEmpty
    }

    /// `nil` when the match at `hit` counts, else from where on the next one may.
    ///
    /// Of a text without a chance no other match is looked at: a message may have millions of them.
    func next(behind hit: Int, in text: UnsafeRawBufferPointer, _ message: Range<Int>) -> Int? {
        var start = hit
        while start > message.lowerBound, unsafe text[start - 1] < MessageText.firstMark { start -= 1 }
        var end = hit
        while end < message.upperBound, unsafe text[end] < MessageText.firstMark { end += 1 }
        guard end < message.upperBound, !name.contains(UInt8(ascii: ":")) else { return message.upperBound }
        let mark = unsafe text[end]
        guard mark == MessageText.field || mark == MessageText.spacedField else { return end + 1 }
        let colon = start + name.count
        guard colon < end, unsafe text[colon] == UInt8(ascii: ":") else { return end + 1 }
        for index in name.indices where unsafe text[start + index] != name[index] { return end + 1 }
        if isName { return hit == start ? nil : end + 1 }
        let value = colon + (mark == MessageText.field ? 2 : 1)
        return hit >= value ? nil : max(hit + 1, value)
    }
}
