// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import TestCorpus
import Testing

extension SummaryEnvelope {
    /// Every field as a value.
    fileprivate var values: Envelope {
        func list(_ list: List) -> [EnvelopeAddress] {
            addresses(list).map { address in
                EnvelopeAddress(
                    name: text(address.name),
                    route: text(address.route),
                    mailbox: text(address.mailbox),
                    host: text(address.host)
                )
            }
        }
        return Envelope(
            date: text(date),
            subject: text(subject),
            from: list(.from),
            sender: list(.sender),
            replyTo: list(.replyTo),
            to: list(.to),
            cc: list(.cc),
            bcc: list(.bcc),
            inReplyTo: text(inReplyTo),
            messageID: text(messageID)
        )
    }
}

@Suite("Envelopes as they lie in summaries")
struct SummaryEnvelopeTests {
    private static let header = """
        Date: Sat, 21 Nov 2026 07:28:46 +0000\r
        From: Team: Carl <carl@example.org>, d@example.org;\r
        To: Bob <bob@example.org>, "A, B" <ab@example.org>\r
        Cc:\r
        Subject: =?utf-8?Q?A?= subject\r
        In-Reply-To: <1@example.org>\r
        References: <0@example.org> <1@example.org>\r
        Message-ID: <2@example.org>\r
        \r
        text\r

        """

    @Test func allFieldsAreThoseOfTheStructure() throws {
        let summary = MessageSummary(parsing: Array(Self.header.utf8))
        let envelope = try #require(SummaryEnvelope(summary.encode()))
        #expect(envelope.values == summary.envelope)
        #expect(envelope.size == UInt64(Self.header.utf8.count))
        #expect(envelope.sentDate == summary.envelope.sentDate)
        #expect(envelope.text(envelope.references) == summary.structure.references)
        #expect(envelope.effectiveAddresses(.sender).count == envelope.addresses(.from).count)
        #expect(envelope.effectiveAddresses(.cc).isEmpty)
        #expect(envelope.firstAddress(.from)?.mailbox == Array("carl".utf8))
        #expect(envelope.firstAddress(.bcc) == nil)
        #expect(SummaryEnvelope(of: summary.structure).values == summary.envelope)
    }

    @Test func aSummaryOfAnOlderLayoutLacksWhatCameLater() throws {
        var structure = MessageStructure(parsing: Array(Self.header.utf8))
        structure.hasEightBitHeader = nil
        let second = try #require(SummaryEnvelope(MessageSummary(structure: structure).encode()))
        #expect(second.octets.first == 2 && second.text(second.references) == structure.references)
        structure.references = nil
        let first = try #require(SummaryEnvelope(MessageSummary(structure: structure).encode()))
        #expect(first.octets.first == 1 && first.references == nil)
        #expect(first.values == structure.envelope && second.values == structure.envelope)
    }

    @Test func whatIsCutBeforeItsEndIsRefused() {
        let encoded = MessageSummary(parsing: Array(Self.header.utf8)).encode()
        let whole = (0...encoded.count).first { SummaryEnvelope(Array(encoded[..<$0])) != nil }
        #expect(whole.map { $0 > encoded.count / 2 && $0 < encoded.count } == true)
    }

    @Test func damagedOnesAreRefusedOrWithinTheirOctets() {
        let encoded = MessageSummary(parsing: Array(Self.header.utf8)).encode()
        for index in encoded.indices {
            for bit in 0..<8 {
                var damaged = encoded
                damaged[index] ^= 1 << UInt8(bit)
                guard let envelope = SummaryEnvelope(damaged) else { continue }
                let date = SummaryDate(damaged, at: damaged.indices)
                #expect(date?.size == envelope.size && date?.date == envelope.sentDate)
                if let summary = MessageSummary.decode(damaged) { #expect(envelope.values == summary.envelope) }
            }
        }
    }

    @Test func summariesAreReadWhereTheyLieAndNoFurther() throws {
        let encoded = MessageSummary(parsing: Array(Self.header.utf8)).encode()
        let alone = try #require(SummaryEnvelope(encoded))
        for (before, behind) in [(0, 0), (1, 0), (0, 7), (200, 300)] {
            let octets = [UInt8](repeating: 0xFF, count: before) + encoded + [UInt8](repeating: 3, count: behind)
            let place = before..<before + encoded.count
            let envelope = try #require(SummaryEnvelope(octets, at: place))
            #expect(envelope.values == alone.values)
            let date = try #require(SummaryDate(octets, at: place))
            #expect(date.size == alone.size && date.date == alone.sentDate && date.date != nil)
            for end in before..<place.upperBound where SummaryEnvelope(octets, at: before..<end) != nil {
                #expect(SummaryEnvelope(Array(encoded.prefix(end - before))) != nil, "\(end)")
            }
            for end in before..<place.upperBound where SummaryDate(octets, at: before..<end) != nil {
                #expect(SummaryDate(encoded, at: 0..<end - before) != nil, "\(end)")
            }
        }
    }

    @Test(.enabled(if: Corpus.isPresent, "the shared corpus is not here"))
    func envelopesOfTheCorpus() {
        for (name, bytes) in Corpus.files {
            let summary = MessageSummary(parsing: bytes)
            #expect(SummaryEnvelope(summary.encode())?.values == summary.envelope, "\(name)")
        }
    }
}
