// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A subject without what answering and forwarding put around it (RFC 5256 §2.1), made comparable.
package struct BaseSubject: Sendable, Hashable {
    /// What it is compared by; of no octets when nothing is left.
    package let key: CollationKey
    /// Whether there was a mark of a reply or a forward.
    package let isReply: Bool

    /// `subject`: the unfolded value of a Subject field; `nil` when there is none.
    package init(_ subject: [UInt8]?) {
        let value = subject ?? []
        let isPlain = EncodedWord.isPlain(value)
        var decoded = isPlain ? DecodedText() : EncodedWord.read(value)
        // What is no text in its charset keeps its octets (RFC 5255 §4.6), and loses the same marks.
        let read = isPlain ? value : decoded.isReadable ? Array(decoded.text.utf8) : decoded.octets
        let octets = Self.joiningBlanks(read)
        var text = octets[...]
        var isReply = false
        repeat {
            Self.removeTrailers(&text, &isReply)
            while Self.removeLeader(&text, &isReply) {}
            // Behind them is no mark, or it would have gone.
            while Self.removeBlob(&text) {}
        } while Self.removeForward(&text, &isReply)
        guard !isPlain else {
            key = CollationKey(plain: text)
            self.isReply = isReply
            return
        }
        decoded.octets = Array(text)
        decoded.text = String(decoding: text, as: UTF8.self)
        key = CollationKey(decoded)
        self.isReply = isReply
    }

    /// Each run of white space as one space (RFC 5256 §2.1, step 1).
    private static func joiningBlanks(_ octets: [UInt8]) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(octets.count)
        for octet in octets {
            let isBlank = octet == ASCII.space || (0x09...0x0D).contains(octet)
            if isBlank, joined.last == ASCII.space { continue }
            joined.append(isBlank ? ASCII.space : octet)
        }
        return joined
    }

    /// Marks, in lower case.
    private static let replies = ["re", "fwd", "fw"].map { Array($0.utf8) }
    private static let trailer = Array("(fwd)".utf8)
    private static let forward = Array("[fwd:".utf8)

    /// Case apart.
    private static func starts(_ text: ArraySlice<UInt8>, with mark: [UInt8]) -> Bool {
        guard text.count >= mark.count else { return false }
        for place in mark.indices where ASCII.lower(text[text.startIndex + place]) != mark[place] { return false }
        return true
    }

    // subj-trailer = "(fwd)" / WSP
    private static func removeTrailers(_ text: inout ArraySlice<UInt8>, _ isReply: inout Bool) {
        while true {
            if text.last == ASCII.space {
                text.removeLast()
            } else if Self.starts(text.suffix(5), with: trailer) {
                text.removeLast(5)
                isReply = true
            } else {
                return
            }
        }
    }

    // subj-leader = (*subj-blob subj-refwd) / WSP; subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
    private static func removeLeader(_ text: inout ArraySlice<UInt8>, _ isReply: inout Bool) -> Bool {
        if text.first == ASCII.space {
            text.removeFirst()
            return true
        }
        var rest = text
        while let after = afterBlob(rest) { rest = after }
        guard let mark = replies.first(where: { starts(rest, with: $0) }) else { return false }
        rest = rest.dropFirst(mark.count).drop { $0 == ASCII.space }
        if let after = afterBlob(rest) { rest = after }
        guard rest.first == 0x3A else { return false }
        text = rest.dropFirst()
        isReply = true
        return true
    }

    /// A blob goes when something is left without it.
    private static func removeBlob(_ text: inout ArraySlice<UInt8>) -> Bool {
        guard let rest = afterBlob(text), !rest.isEmpty else { return false }
        text = rest
        return true
    }

    // subj-blob = "[" *BLOBCHAR "]" *WSP
    private static func afterBlob(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard text.first == 0x5B, let end = text.dropFirst().firstIndex(where: { $0 == 0x5B || $0 == 0x5D }),
            text[end] == 0x5D
        else { return nil }
        return text[(end + 1)...].drop { $0 == ASCII.space }
    }

    // subj-fwd = subj-fwd-hdr subject subj-fwd-trl; subj-fwd-hdr = "[fwd:"; subj-fwd-trl = "]"
    private static func removeForward(_ text: inout ArraySlice<UInt8>, _ isReply: inout Bool) -> Bool {
        guard starts(text, with: forward), text.last == 0x5D else { return false }
        text = text.dropFirst(5).dropLast()
        isReply = true
        return true
    }
}

extension EnvelopeAddress {
    /// What SORT compares of an address: the local part (RFC 5256 §3).
    package var sortKey: CollationKey { CollationKey(field: mailbox ?? []) }

    /// What people see of it: the name, or the address (RFC 5957 §3).
    package var displayKey: CollationKey {
        if let name, !name.isEmpty { return CollationKey(field: name) }
        guard let mailbox, let host else { return sortKey }
        return CollationKey(field: mailbox + [0x40] + host)
    }
}
