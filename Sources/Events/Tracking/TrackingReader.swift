// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import CLinux
internal import Glibc

/// Which messages are looked for; what is `nil` does not matter, everything else must hold, of steps of one message.
package struct TrackingFilter: Sendable, Hashable {
    /// The Message-ID field, with or without angle brackets.
    package var messageID: String?
    /// A forward-path, or its domain, or the beginning of it.
    package var recipient: String?
    /// The reverse-path; `<>` for the null one.
    package var sender: String?
    package var trace: String?
    package var queueID: String?
    /// Nanoseconds since 1970.
    package var since: Int64?

    package init() {}
}

/// A message with what is known of its life.
package struct TrackedMessage: Sendable, Hashable {
    package var trace: String
    /// Oldest first.
    package var entries: [TrackingEntry]

    package var messageID: String { entries.lazy.map(\.messageID).first { !$0.isEmpty } ?? "" }
    package var sender: String { entries.lazy.map(\.sender).first { !$0.isEmpty } ?? "" }

    package var json: JSONValue {
        [
            "trace": .string(trace), "messageId": .string(messageID), "sender": .string(sender),
            "steps": .array(entries.map(\.json)),
        ]
    }
}

/// What was found, and what may be missing from it.
package struct TrackingResult: Sendable, Hashable {
    /// The oldest first.
    package var messages: [TrackedMessage] = []
    /// There are more.
    package var isCut = false
    /// Steps that are missing from the log in the time that was looked at.
    package var gaps: [TrackingEntry] = []

    package init() {}

    package var json: JSONValue {
        ["messages": .array(messages.map(\.json)), "isCut": .bool(isCut), "gaps": .array(gaps.map(\.json))]
    }
}

/// Reads the tracking logs of all processes, while they are written or later.
///
/// It needs memory for what it finds, and not for what it reads. Every call blocks.
package struct TrackingReader: Sendable {
    private let folder: String

    package init(folder: String) { self.folder = folder }

    /// Steps of one message that are kept, at most.
    static let maximumEntries = 20_000
    private static let maximumGaps = 100

    /// The newest `limit` messages for which the filter holds, with all their steps.
    package func find(_ filter: TrackingFilter, limit: Int) -> TrackingResult {
        var result = TrackingResult()
        var found: [String: Int64] = [:]
        let matcher = TrackingMatcher(filter)
        scan(since: filter.since) { line in
            if let gap = Self.gap(line), gap.time >= filter.since ?? .min { result.gaps.append(gap) }
            guard matcher.mayMatch(line), let entry = TrackingEntry(line: line), !entry.trace.isEmpty else { return }
            // Most searches name one thing; where they name several, all steps of the message are asked below.
            guard matcher.matchesAny(entry), entry.time >= filter.since ?? .min else { return }
            found[entry.trace] = max(found[entry.trace] ?? .min, entry.time)
            if found.count > 4 * limit + 1000 { Self.keepNewest(&found, limit * 2 + 500) }
        }
        var messages = steps(of: Set(found.keys), since: nil).filter { matcher.matches($0.entries) }
        messages.sort { ($0.entries.first?.time ?? 0, $0.trace) < ($1.entries.first?.time ?? 0, $1.trace) }
        result.isCut = messages.count > limit
        result.messages = Array(messages.suffix(limit))
        // What is missing from before the first of them is of no interest.
        let start = result.messages.first?.entries.first?.time ?? .min
        result.gaps = result.gaps.filter { $0.time >= start }.suffix(Self.maximumGaps)
        return result
    }

    private static func keepNewest(_ found: inout [String: Int64], _ count: Int) {
        let newest = found.sorted { $0.value > $1.value }.prefix(count)
        found = Dictionary(uniqueKeysWithValues: newest.map { ($0.key, $0.value) })
    }

    /// All steps of these messages.
    private func steps(of traces: Set<String>, since: Int64?) -> [TrackedMessage] {
        guard !traces.isEmpty else { return [] }
        var steps: [String: [TrackingEntry]] = [:]
        scan(since: since) { line in
            guard let trace = Self.trace(line), traces.contains(trace), steps[trace]?.count ?? 0 < Self.maximumEntries,
                let entry = TrackingEntry(line: line)
            else { return }
            steps[trace, default: []].append(entry)
        }
        return steps.map { TrackedMessage(trace: $0.key, entries: $0.value.sorted { $0.time < $1.time }) }
    }

    private static let traceStart = Array("\"trace\":\"".utf8)
    private static let gapStart = Array("\"stage\":\"gap\"".utf8)

    /// The trace id of a line, without reading it as JSON: ids have no characters that are escaped.
    private static func trace(_ line: ArraySlice<UInt8>) -> String? {
        guard let start = line.range(of: traceStart)?.upperBound else { return nil }
        return String(decoding: line[start...].prefix { $0 != ASCII.quote }, as: UTF8.self)
    }

    private static func gap(_ line: ArraySlice<UInt8>) -> TrackingEntry? {
        guard line.prefix(80).range(of: gapStart) != nil else { return nil }
        return TrackingEntry(line: line).flatMap { $0.stage == .gap && $0.outcome != "closed" ? $0 : nil }
    }

    /// Calls `body` with each line of the files that have been written to since a time.
    private func scan(since: Int64?, _ body: (ArraySlice<UInt8>) -> Void) {
        for file in DailyFiles.list(folder, TrackingFile.suffix) {
            let path = "\(folder)/\(file.name.text(TrackingFile.suffix))"
            if let since, unsafe CLinux_modification_time_at(path) < since { continue }
            LineReader(path)?.forEachLine(body)
        }
    }
}

/// Reads a file line by line.
private struct LineReader: ~Copyable {
    private static let chunkOctets = 1 << 20
    private static let maximumLine = 1 << 20
    private let descriptor: Int32

    init?(_ path: String) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    func forEachLine(_ body: (ArraySlice<UInt8>) -> Void) {
        var octets = [UInt8](repeating: 0, count: Self.chunkOctets)
        var held: [UInt8] = []
        while true {
            let count = unsafe read(descriptor, &octets, octets.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var rest = octets[..<count]
            while let end = rest.firstIndex(of: ASCII.lf) {
                if held.isEmpty {
                    body(rest[..<end])
                } else {
                    held += rest[..<end]
                    body(held[...])
                    held = []
                }
                rest = rest[(end + 1)...]
            }
            // The line that is being written, or octets that are none.
            held += rest
            if held.count > Self.maximumLine { held = [] }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Where `needle` stands first.
    func range(of needle: [UInt8]) -> Range<Int>? {
        guard !needle.isEmpty, count >= needle.count else { return nil }
        let start = startIndex
        return unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let hit = unsafe needle.withUnsafeBytes({
                    unsafe CLinux_find(base, bytes.count, $0.baseAddress, $0.count)
                })
            else { return nil }
            let offset = start + (unsafe hit - base)
            return offset..<(offset + needle.count)
        }
    }
}
