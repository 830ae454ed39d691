// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import MessageFormat

/// Envelopes of the messages that a FETCH answers next, read together and away from the loop: neighbours in a mailbox are
/// often neighbours on disk.
struct EnvelopesAhead {
    /// Read together: some 100 KB, as mail is.
    private static let together = 128
    /// Octets that are kept of them; what comes when there are more is got by itself.
    private static let keptOctets = 1 << 20
    /// Of fewer, each is read by itself: that takes less than going elsewhere.
    private static let fewest = 8

    private struct Read: Sendable {
        var envelopes: [SummaryEnvelope?] = []
        var octets = 0
    }

    /// The index of the first in the view.
    private var start = 0
    private var envelopes: [SummaryEnvelope?] = []

    /// The envelope of the message at `index` of the view, which is answered before those up to `end`; `nil` when it is
    /// not here, and is to be got by itself.
    mutating func envelope(at index: Int, before end: Int, in session: IMAPSession) async -> SummaryEnvelope? {
        if envelopes.indices.contains(index - start) { return envelopes[index - start] }
        guard end - index >= Self.fewest, let (table, account) = session.view.map({ ($0.messages, $0.account) }) else {
            return nil
        }
        let entries = (index..<min(end, index + Self.together)).clamped(to: table.indices).map { table[$0] }
        start = index
        // Before others come: not both are to be in memory.
        envelopes = []
        let read = await account.readStructures(of: entries, into: Read()) { read, place, structure in
            let isKept = read.octets < Self.keptOctets
            let envelope = isKept ? structure.flatMap { SummaryEnvelope($0.octets, at: $0.place) } : nil
            read.envelopes.append(envelope?.size == entries[place].size ? envelope : nil)
            if let envelope { read.octets += envelope.keptOctets }
        }
        envelopes = read.envelopes
        return envelopes.first ?? nil
    }
}
