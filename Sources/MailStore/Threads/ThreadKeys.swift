// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import MailTypes
internal import Runtime

/// What a message's header says of the conversation it belongs to: digests of the ids in Message-ID, In-Reply-To and
/// References (RFC 5322 §3.6.4).
package struct ThreadKeys: Sendable, Hashable {
    /// The first 8 octets of each id's SHA-256: the message's own first, then those it answers, the nearest first.
    package var keys: [UInt64] = []
    /// The id that the conversation began with, as far as the header tells.
    package var root: UInt64?

    package init() {}

    /// How much of a message is looked at for its header.
    private static let headerOctets = 64 << 10
    /// How many ids are kept of References: the first, and the last ones.
    private static let references = 16
    /// RFC 5322 §2.1.1: no id is longer than a line.
    private static let maximumIDOctets = 998

    /// Reads the header of a message that may be anything.
    package init(_ message: RawSpan) {
        var own: [UInt64] = []
        var answered: [UInt64] = []
        var references: [UInt64] = []
        let front = message.extracting(first: min(message.byteCount, Self.headerOctets))
        let header = unsafe front.withUnsafeBytes { octets in unsafe Array(octets[..<Self.headerEnd(octets)]) }
        Self.eachField(header) { name, value in
            switch name {
            case 0: if own.isEmpty { own = Array(Self.ids(in: value).prefix(1)) }
            case 1: if answered.isEmpty { answered = Array(Self.ids(in: value).prefix(4)) }
            default: if references.isEmpty { references = Self.ids(in: value) }
            }
        }
        root = references.first ?? answered.first ?? own.first
        if references.count > Self.references {
            references = references.prefix(1) + references.suffix(Self.references - 1)
        }
        for key in own + answered + references.reversed() where !keys.contains(key) { keys.append(key) }
    }

    /// Where the empty line is; the end of what there is when there is none.
    private static func headerEnd(_ octets: UnsafeRawBufferPointer) -> Int {
        guard let base = octets.baseAddress else { return 0 }
        var start = 0
        while start < octets.count {
            let rest = octets.count - start
            guard let lf = unsafe memchr(base + start, Int32(ASCII.lf), rest) else { break }
            let length = unsafe UnsafeRawPointer(lf) - (base + start)
            let isEmpty = unsafe length == 0 || length == 1 && octets[start] == ASCII.cr
            if isEmpty { return start }
            start += length + 1
        }
        return octets.count
    }

    private static let names = ["message-id", "in-reply-to", "references"].map { Array($0.utf8) }

    /// Calls `visit` with the number of the name and the value, folds and all, of the fields that count.
    private static func eachField(_ bytes: [UInt8], _ visit: (Int, ArraySlice<UInt8>) -> Void) {
        var start = 0
        while start < bytes.count {
            var end = lineEnd(bytes, start)
            // An empty line ends the header.
            if bytes[start] == ASCII.lf || bytes[start] == ASCII.cr, start + 1 == end || bytes[start + 1] == ASCII.lf {
                return
            }
            while end < bytes.count, ASCII.isBlank(bytes[end]) { end = lineEnd(bytes, end) }
            if let colon = bytes[start..<end].prefix(64).firstIndex(of: 0x3A) {
                let name = bytes[start..<colon].prefix { !ASCII.isBlank($0) }
                if let number = names.firstIndex(where: { ASCII.equalIgnoringCase(name, $0) }) {
                    visit(number, bytes[(colon + 1)..<end])
                }
            }
            start = end
        }
    }

    /// Behind the line end; the end of what there is when there is none.
    private static func lineEnd(_ bytes: [UInt8], _ start: Int) -> Int {
        bytes[start...].firstIndex(of: ASCII.lf).map { $0 + 1 } ?? bytes.count
    }

    /// The ids in angle brackets, as digests; at most 1,000.
    private static func ids(in value: ArraySlice<UInt8>) -> [UInt64] {
        var found: [UInt64] = []
        var start: Int?
        for place in value.indices where found.count < 1000 {
            switch value[place] {
            case 0x3C: start = place + 1
            case 0x3E:
                if let first = start, first < place, place - first <= maximumIDOctets {
                    found.append(digest(value[first..<place].filter { $0 > 0x20 }))
                }
                start = nil
            default: break
            }
        }
        return found
    }

    /// The first 8 octets of the SHA-256.
    static func digest(_ octets: [UInt8]) -> UInt64 {
        Digest.sha256(octets).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension ThreadID {
    /// The thread that begins with an id.
    ///
    /// The same id always begins the same thread: that joins messages even when what was known of them was forgotten.
    init(root: UInt64) { self.init(root) }

    /// The thread of a message that belongs to no conversation.
    init(alone email: EmailID) {
        self.init(ThreadKeys.digest(Array("martlet thread of \(email)".utf8)))
    }
}
