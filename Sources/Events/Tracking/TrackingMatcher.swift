// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Tells which messages a filter means.
struct TrackingMatcher: Sendable {
    private let filter: TrackingFilter
    /// One of these is in each line that may match: looked for before the line is read as JSON.
    private let needles: [[UInt8]]

    init(_ filter: TrackingFilter) {
        var filter = filter
        filter.messageID = filter.messageID.map { Self.bare($0) }
        filter.sender = filter.sender.map { ASCII.lowercased(Self.path($0)) }
        filter.recipient = filter.recipient.map { ASCII.lowercased(Self.path($0)) }
        self.filter = filter
        let exact = [filter.trace, filter.queueID, filter.messageID].compactMap(\.self)
        needles = exact.contains { !Self.isPlain($0) } ? [] : exact.map { Array($0.utf8) }
    }

    /// Without escapes in JSON.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != ASCII.quote && $0 != ASCII.backslash }
    }

    /// False for lines that cannot match, at the cost of a look.
    func mayMatch(_ line: ArraySlice<UInt8>) -> Bool {
        guard needles.isEmpty else { return needles.contains { line.range(of: $0) != nil } }
        guard let address = filter.recipient ?? filter.sender, Self.isPlain(address) else { return true }
        return line.containsIgnoringCase(Array(address.utf8))
    }

    /// Whether one of the things asked for is in this step.
    func matchesAny(_ entry: TrackingEntry) -> Bool {
        guard filter != TrackingFilter(),
            filter.messageID ?? filter.recipient ?? filter.sender ?? filter.trace
                ?? filter.queueID != nil
        else { return true }
        return isMessageID(entry) || isRecipient(entry) || isSender(entry)
            || (filter.trace != nil && entry.trace == filter.trace)
            || (filter.queueID != nil && entry.queueID == filter.queueID)
    }

    /// Whether all that is asked for is true of a message.
    func matches(_ entries: [TrackingEntry]) -> Bool {
        (filter.messageID == nil || entries.contains(where: isMessageID))
            && (filter.recipient == nil || entries.contains(where: isRecipient))
            && (filter.sender == nil || entries.contains(where: isSender))
            && (filter.trace == nil || entries.contains { $0.trace == filter.trace })
            && (filter.queueID == nil || entries.contains { $0.queueID == filter.queueID })
            && (filter.since == nil || entries.contains { $0.time >= filter.since ?? .min })
    }

    private func isMessageID(_ entry: TrackingEntry) -> Bool {
        filter.messageID != nil && Self.bare(entry.messageID) == filter.messageID
    }

    private func isRecipient(_ entry: TrackingEntry) -> Bool {
        guard let wanted = filter.recipient else { return false }
        return entry.recipients.contains { Self.fits($0, wanted) }
    }

    private func isSender(_ entry: TrackingEntry) -> Bool {
        filter.sender.map { !entry.sender.isEmpty && Self.fits(entry.sender, $0) } ?? false
    }

    /// The whole address, or its domain (with or without `@`), or its local part with an `@` behind it.
    private static func fits(_ text: String, _ wanted: String) -> Bool {
        let address = ASCII.lowercased(path(text))
        if address == wanted { return true }
        guard !wanted.isEmpty, let at = address.lastIndex(of: "@") else { return false }
        if wanted.last == "@" { return address[...at] == wanted }
        let domain = address[address.index(after: at)...]
        return domain == (wanted.first == "@" ? wanted.dropFirst() : wanted[...])
    }

    /// Without the angle brackets; those of the null path stay.
    private static func path(_ text: String) -> String {
        guard text.hasPrefix("<"), text.hasSuffix(">"), text.utf8.count > 2 else { return text }
        return String(text.dropFirst().dropLast())
    }

    private static func bare(_ text: String) -> String {
        String(text.drop { " <".contains($0) }.reversed().drop { " >".contains($0) }.reversed())
    }
}

extension ArraySlice<UInt8> {
    /// `needle` is in lower case.
    func containsIgnoringCase(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return needle.isEmpty }
        let last = endIndex - needle.count
        var index = startIndex
        while index <= last {
            if ASCII.lower(self[index]) == first {
                var length = 1
                while length < needle.count, ASCII.lower(self[index + length]) == needle[length] { length += 1 }
                if length == needle.count { return true }
            }
            index += 1
        }
        return false
    }
}
