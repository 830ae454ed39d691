// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The parser of the tracking log, for those who feed it with anything.
package enum TrackingParsers {
    /// What a line of octets is found to break.
    package enum Fault: Error, Sendable {
        /// Read back it is another step than was written.
        case changed
        /// A search for what is in it would pass it over.
        case overlooked(TrackingFilter)
    }

    /// Reads octets as a line of the log, writes what was read, and looks for it.
    ///
    /// Throws what must not be; false when the octets are no line.
    package static func line(_ octets: [UInt8]) throws(Fault) -> Bool {
        guard let entry = TrackingEntry(line: octets) else { return false }
        // Texts that are too long are cut when they are written, and then stay as they are.
        let written = entry.json.encoded
        guard let short = TrackingEntry(line: written) else { throw .changed }
        let again = short.json.encoded
        guard let same = TrackingEntry(line: again), same.json.encoded == again else { throw .changed }
        for filter in filters(of: same) {
            let matcher = TrackingMatcher(filter)
            guard matcher.mayMatch(again[...]), matcher.matchesAny(same), matcher.matches([same]) else {
                throw .overlooked(filter)
            }
        }
        return true
    }

    /// What a step is found by.
    private static func filters(of entry: TrackingEntry) -> [TrackingFilter] {
        var filters = [TrackingFilter()]
        func add(_ path: WritableKeyPath<TrackingFilter, String?>, _ text: String) {
            guard !text.isEmpty else { return }
            filters.append(TrackingFilter())
            filters[filters.count - 1][keyPath: path] = text
        }
        add(\.messageID, entry.messageID)
        add(\.trace, entry.trace)
        add(\.queueID, entry.queueID)
        add(\.sender, entry.sender)
        for recipient in entry.recipients.prefix(10) { add(\.recipient, recipient) }
        return filters
    }
}
