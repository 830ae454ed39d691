// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import IMAPWire
import MailTypes
import Runtime

extension Load {
    /// Messages of which bodies are read at a time.
    private static let bodyBatch: UInt32 = 200

    /// Reads flags, envelopes or bodies of the filled mailbox, some times.
    ///
    /// What came is looked at behind the clock's back, so that this side's work is not the server's.
    static func fetch(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let items = options.word("items", "flags")
        let session = try await target.imap(target.user(0), loop)
        let opened = try await session.select("INBOX", readOnly: true)
        guard opened.exists > 0 else { throw WrongAnswer("the mailbox is empty") }
        var tally = Tally()
        var elapsed = Duration.zero
        for _ in 0..<options.number("times", 1) {
            if items == "bodies" {
                let most = UInt32(clamping: options.number("messages", Int(opened.exists)))
                elapsed += try await fetchBodies(session, min(opened.exists, most), &tally)
            } else {
                let wanted: [FetchItem] = items == "flags" ? [.uid, .flags] : [.uid, .flags, .rfc822Size, .envelope]
                elapsed += try await fetchAll(session, wanted, opened.exists, &tally)
            }
        }
        try await session.logOut()
        return LoadResult(tally: tally, seconds: elapsed.inSeconds)
    }

    private static func fetchAll(
        _ session: IMAPClientSession,
        _ items: [FetchItem],
        _ exists: UInt32,
        _ tally: inout Tally
    ) async throws -> Duration {
        var frames: [[UInt8]] = []
        frames.reserveCapacity(Int(exists))
        let began = ContinuousClock.now
        let status = try await session.performRaw(FetchCommand(set(1, nil), items: items)) { frames.append($0) }
        let elapsed = ContinuousClock.now - began
        guard status.condition == .ok else { throw WrongAnswer("\(status)") }
        tally.note(elapsed, octets: frames.reduce(0) { $0 + $1.count })
        tally.operations += Int(exists) - 1
        var next: UInt32 = 1
        var lastUID: UInt32 = 0
        for frame in frames {
            guard case .fetch(let number, let values) = try ResponseParser.parse(frame, takesExtensions: true) else {
                continue
            }
            guard number.rawValue == next, let uid = FetchedMessage(number: number, values: values).uid,
                uid.rawValue > lastUID
            else {
                tally.fail("message \(number) came where \(next) was due")
                return elapsed
            }
            if !isRight(values, items, number: Int(next) - 1) { tally.fail("wrong values of message \(number)") }
            next += 1
            lastUID = uid.rawValue
        }
        if next != exists + 1 { tally.fail("\(next - 1) of \(exists) messages") }
        return elapsed
    }

    /// Whether all that was asked for is there, and an envelope is the one that the message was made with.
    private static func isRight(_ values: [FetchValue], _ items: [FetchItem], number: Int) -> Bool {
        var hasFlags = false
        var hasEnvelope = !items.contains(.envelope)
        for value in values {
            if case .flags = value { hasFlags = true }
            guard case .envelope(let envelope) = value else { continue }
            hasEnvelope =
                envelope.subject == Array(FilledMailbox.subject(number).utf8)
                && envelope.messageID == Array(FilledMailbox.messageID(number).utf8)
        }
        return hasFlags && hasEnvelope
    }

    private static func fetchBodies(
        _ session: IMAPClientSession,
        _ count: UInt32,
        _ tally: inout Tally
    ) async throws -> Duration {
        var elapsed = Duration.zero
        for first in stride(from: UInt32(1), through: count, by: Int(bodyBatch)) {
            let last = min(count, first + bodyBatch - 1)
            var octets: [UInt32: [UInt8]] = [:]
            let began = ContinuousClock.now
            try await session.fetch(
                FetchCommand(set(first, last), items: [.uid, wholeBody]),
                bodies: { body, piece in octets[body.number.rawValue, default: []] += piece }
            )
            let duration = ContinuousClock.now - began
            elapsed += duration
            tally.note(duration, octets: octets.values.reduce(0) { $0 + $1.count })
            tally.operations += Int(last - first)
            for number in first...last {
                let token = octets[number].flatMap { Messages.token(of: $0) }
                if token != FilledMailbox.token(Int(number) - 1) {
                    tally.fail("message \(number) is not as it was sent")
                }
            }
        }
        return elapsed
    }
}
