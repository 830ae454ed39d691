// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import MailTypes
import Runtime

/// What is in the mailboxes, for the reckoning.
extension Load {
    static func set(_ first: UInt32, _ last: UInt32?) -> SequenceSet {
        SequenceSet([.init(.value(first), last.map { .value($0) } ?? .largest)])
    }

    static let wholeBody = FetchItem.section(SectionSpecifier(), peek: true, partial: nil)

    /// Messages that are there, and the next UID.
    static func count(_ session: IMAPClientSession) async throws -> (messages: Int, next: UInt32) {
        let counts = try await session.status(of: "INBOX", [.messages, .uidNext])
        return (Int(clamping: counts[.messages] ?? 0), UInt32(clamping: counts[.uidNext] ?? 1))
    }

    /// Reads all messages from a UID on, and holds each against its digest: how often each token is there.
    static func tokens(
        _ session: IMAPClientSession,
        from first: UInt32,
        _ tally: inout Tally
    ) async throws -> [String: Int] {
        let opened = try await session.select("INBOX", readOnly: true)
        guard opened.exists > 0 else { return [:] }
        let uids = try await session.search(.uid(set(first, nil)), numbers: .uid).filter { $0 >= first }.sorted()
        var found: [String: Int] = [:]
        for start in stride(from: 0, to: uids.count, by: 100) {
            let chunk = uids[start..<min(uids.count, start + 100)]
            for (uid, octets) in try await bodies(session, set(chunk.first ?? 1, chunk.last)) {
                if let token = Messages.token(of: octets) {
                    found[token, default: 0] += 1
                } else {
                    tally.fail("message \(uid) is not as it was sent")
                }
            }
        }
        return found
    }

    /// The bodies of messages, by UID.
    static func bodies(_ session: IMAPClientSession, _ uids: SequenceSet) async throws -> [(UInt32, [UInt8])] {
        var octets: [UInt32: [UInt8]] = [:]
        var found: [(UInt32, [UInt8])] = []
        try await session.fetch(
            FetchCommand(uids, numbers: .uid, items: [.uid, wholeBody]),
            bodies: { body, piece in octets[body.number.rawValue, default: []] += piece },
            each: { message in
                guard let uid = message.uid, let body = octets.removeValue(forKey: message.number.rawValue) else {
                    return
                }
                found.append((uid.rawValue, body))
            }
        )
        return found
    }

    /// Holds what is there against what was promised.
    static func check(_ promised: Set<String>, _ found: [String: Int], _ tally: inout Tally) {
        let lost = promised.subtracting(found.keys)
        if let one = lost.first { tally.fail("\(lost.count) messages are lost, such as \(one)") }
        let twice = found.filter { $0.value > 1 }
        if let one = twice.first { tally.fail("\(twice.count) messages are there more than once, such as \(one.key)") }
        let strange = found.keys.filter { !promised.contains($0) }
        if let one = strange.first { tally.fail("\(strange.count) messages were not promised, such as \(one)") }
    }
}
