// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Journal
import MailTypes
import SMTPWire
import Testing

@testable import MailQueue

@Suite struct QueueRecordTests {
    static let records: [QueueRecord] = {
        var full = message(from: "o'neil@example.test", to: "bob@example.org", "\"a b\"@example.org", "ü@example.org")
        full.mail.envelopeID = "an id + more"
        full.mail.reportContent = .headers
        full.mail.usesUTF8 = true
        full.mail.body = .eightBit
        full.mail.requiresTLS = true
        full.recipients[0].command.notify = .on(success: true, failure: false, delay: true)
        full.recipients[1].command.notify = .never
        full.recipients[1].command.originalRecipient = .init(addressType: "rfc822", address: "b+c@example.net")
        full.recipients[2].command.account = AccountID(77)
        full.recipients[2].command.delivery = DeliveryID(high: 1, low: .max)
        full.recipients[0].forwarder = MailboxAddress("\"ann b\"@example.test")
        full.recipients[2].sender = MailboxAddress("owner@example.test")
        full.recipients[1].role = .expanded
        for index in full.recipients.indices { full.recipients[index].destination = "internet/mx:d\(index).test" }
        (full.receivedFrom, full.peer, full.user, full.messageID) = ("client", "192.0.2.1", "ann@example.test", "<1@x>")
        (full.priority, full.origin, full.digest) = (.urgent, .report, [UInt8](repeating: 7, count: 32))
        full.holdReason = "queue/hold = from:example.test"
        var record = MessageRecord(QueueID(5), full, arrival: 1, expiry: .max, delayNotice: 3)
        record.isFrozen = true
        record.progress[1].state = .deferred
        record.progress[1].status = DeliveryStatus(
            SMTPReply(451, .mailSystemFull, lines: ["No room", "now"]),
            isPeersReply: true,
            host: "mx.example.org",
            time: -1
        )
        var change = ChangeRecord(QueueID(.max))
        change.recipients = DeliveryState.allCases.enumerated().map { index, state in
            var progress = RecipientProgress(state)
            (progress.attempts, progress.inDoubt, progress.deaths, progress.next) = (.max, 1, 2, .min)
            progress.status = DeliveryStatus(SMTPReply(250), time: 0)
            return ChangeRecord.Recipient(index: index * 1000, progress: progress)
        }
        (change.isFrozen, change.delayNotice, change.expiry, change.priority) = (false, 0, -5, .low)
        var report = MessageRecord(
            QueueID(6),
            message(from: nil, to: "ann@example.test"),
            arrival: 0,
            expiry: 0,
            delayNotice: 0
        )
        report.reported = change
        return [
            .message(record), .moved(record), .message(report), .change(change), .change(ChangeRecord(QueueID(0))),
            .clock(offset: -7),
        ]
    }()

    @Test(arguments: records) func `What is written is read`(record: QueueRecord) {
        #expect(QueueRecord.decode(kind: record.kind, record.metadata) == record)
        #expect(QueueParsers.record(kind: record.kind, record.metadata))
    }

    @Test(arguments: records) func `A record that is cut anywhere is refused`(record: QueueRecord) {
        let octets = record.metadata
        for count in octets.indices where count < 200 || count % 7 == 0 {
            #expect(QueueRecord.decode(kind: record.kind, Array(octets.prefix(count))) == nil, "\(count) octets")
            _ = QueueParsers.record(kind: record.kind, Array(octets.prefix(count)))
        }
    }

    @Test(arguments: records) func `Any octet may be wrong`(record: QueueRecord) {
        let octets = record.metadata
        for index in octets.indices {
            var wrong = octets
            wrong[index] ^= 1 << UInt8(index % 8)
            _ = QueueParsers.record(kind: record.kind, wrong)
        }
    }

    @Test(arguments: records) func `A start reads the same facts without the texts`(record: QueueRecord) throws {
        // A message that the changes and reports among the records may be about.
        var reported = message(to: "a@example.org", "b@example.org")
        for index in reported.recipients.indices { reported.recipients[index].destination = "mx:example.org" }
        var (known, replayed) = (QueueState(), QueueState())
        for id in [QueueID(.max), QueueID(0)] {
            let first = QueueRecord.message(MessageRecord(id, reported, arrival: 1, expiry: 2, delayNotice: 3))
            let place = RecordPosition(segment: 1, offset: id.rawValue & 1)
            known.apply(first, at: place, preamble: 9, size: 8)
            let isKnown = replayed.replay(kind: first.kind, first.metadata, at: place, preamble: 9, size: 8)
            #expect(isKnown)
        }
        let place = RecordPosition(segment: 2, offset: 0)
        known.apply(record, at: place, preamble: 1, size: 5)
        let isKnown = replayed.replay(kind: record.kind, record.metadata, at: place, preamble: 1, size: 5)
        #expect(isKnown)
        #expect(replayed.entries == known.entries && replayed.counts == known.counts)
        #expect(replayed.destinations.all.map(\.name) == known.destinations.all.map(\.name))
        #expect(replayed.destinations.all.map(\.recipients) == known.destinations.all.map(\.recipients))
        #expect((replayed.lastID, replayed.clockOffset) == (known.lastID, known.clockOffset))
        #expect(replayed.liveOctets == known.liveOctets)
    }

    @Test(arguments: [UInt64(0), 1, 31, 32, 1 << 40, .max]) func `Names of messages read back`(number: UInt64) {
        #expect(QueueID(QueueID(number).description) == QueueID(number))
    }

    @Test(arguments: ["", "u", "A", "zzzzzzzzzzzzzz", "zzzzzzzzzzzzz", "1 2"]) func `Other texts are no names`(
        text: String
    ) {
        #expect(QueueID(text) == nil)
    }

    @Test(arguments: [
        ("0.25, .5, 1, 4", [900, 1800, 3600, 14_400]), ("15m, 1h", [900, 3600]), ("2", [7200]), ("0.001", [3]),
        (".25,.5,1,4", [900, 1800, 3600, 14_400]), ("30s,0.5", [30, 1800]),
    ])
    func `Retry lists of both kinds`(text: String, seconds: [Int]) throws {
        let list = try #require(RetryList(settingText: text))
        #expect(list.pauses.map { $0.milliseconds / 1000 } == seconds.map(Int64.init))
        #expect(RetryList(settingText: list.settingText) == list)
        #expect(list.pause(after: 1) == list.pause(after: 0))
        #expect(list.pause(after: .max) == list.pauses.last?.milliseconds)
    }

    @Test(arguments: ["", ",", "x", "1h, x", "-1", "0", ".", "1.", "1.2345", "200", "8d", "1 2", "0.25h.5"])
    func `Other texts are no retry list`(text: String) {
        #expect(RetryList(settingText: text) == nil)
    }
}
