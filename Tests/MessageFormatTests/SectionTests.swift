// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

/// The example of RFC 9051 §6.4.5.1, with numbers as there.
@Suite struct SectionTests {
    static let bytes = message(
        """
        From: a@x.test
        Content-Type: multipart/mixed; boundary=A

        --A

        one
        --A
        Content-Type: application/octet-stream

        two
        --A
        Content-Type: message/rfc822

        Subject: three
        Content-Type: multipart/mixed; boundary=B

        --B

        three-one
        --B
        Content-Type: application/octet-stream

        three-two
        --B--
        --A
        Content-Type: multipart/mixed; boundary=C

        --C
        Content-Type: image/gif

        four-one
        --C
        Content-Type: message/rfc822

        Subject: four-two

        four-two-body
        --C--
        --A--
        """
    )

    static let sections: [(path: [UInt32], text: MessageSection.Text, answer: String?)] = [
        ([1], .content, "one"),
        ([1], .mime, "\r\n"),
        ([2], .content, "two"),
        ([2], .mime, "Content-Type: application/octet-stream\r\n\r\n"),
        ([2], .header, nil),
        ([3], .header, "Subject: three\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"),
        ([3], .mime, "Content-Type: message/rfc822\r\n\r\n"),
        ([3, 1], .content, "three-one"),
        ([3, 2], .content, "three-two"),
        ([3, 3], .content, nil),
        ([4, 1], .content, "four-one"),
        ([4, 2], .content, "Subject: four-two\r\n\r\nfour-two-body"),
        ([4, 2], .text, "four-two-body"),
        ([4, 2, 1], .content, "four-two-body"),
        ([4, 2, 1], .mime, "Subject: four-two\r\n\r\n"),
        ([4, 2, 2], .content, nil),
        ([4, 2, 1, 1], .content, nil),
        ([1, 1], .content, nil),
        ([0], .content, nil),
        ([5], .content, nil),
        ([.max], .content, nil),
        ([], .mime, nil),
    ]

    @Test(arguments: sections)
    func section(_ path: [UInt32], _ part: MessageSection.Text, _ answer: String?) {
        let structure = MessageStructure(parsing: Self.bytes)
        let range = structure.range(of: MessageSection(path, part))
        #expect(range.map { String(decoding: Self.bytes[$0.asInt], as: UTF8.self) } == answer)
    }

    @Test func wholeMessage() {
        let structure = MessageStructure(parsing: Self.bytes)
        #expect(structure.range(of: MessageSection([])) == 0..<UInt64(Self.bytes.count))
        #expect(structure.range(of: MessageSection([], .header))?.upperBound == structure.root.body.lowerBound)
        #expect(structure.range(of: MessageSection([], .text)) == structure.root.body)
    }

    @Test func singlePartMessageIsItsOwnPartOne() {
        let bytes = message("Subject: x\n\nbody")
        let structure = MessageStructure(parsing: bytes)
        #expect(structure.range(of: MessageSection([1])) == structure.root.body)
        #expect(structure.range(of: MessageSection([1], .mime)) == structure.root.header)
        #expect(structure.range(of: MessageSection([1, 1])) == nil)
        #expect(structure.range(of: MessageSection([2])) == nil)
    }
}
