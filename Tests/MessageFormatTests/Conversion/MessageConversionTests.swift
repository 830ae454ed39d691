// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import TestCorpus
import Testing

@Suite struct MessageConversionTests {
    private func convert(
        _ octets: [UInt8],
        _ target: MessageConversion.Target = .sevenBit
    ) throws(MessageConversion.Refusal) -> [UInt8] {
        try MessageConversion(octets, for: target).pieces.reduce(into: []) { $0 += $1 }
    }

    private func convert(_ text: String, _ target: MessageConversion.Target = .sevenBit) throws -> String {
        String(decoding: try convert(Array(text.utf8), target), as: UTF8.self)
    }

    private static let mime = "MIME-Version: 1.0\r\n"

    @Test(arguments: [
        // plain text that was sent as it was
        (
            "Subject: x\r\n\r\nbodé\r\n",
            "Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                + "Content-Type: text/plain; charset=unknown-8bit\r\n\r\nbod=C3=A9\r\n"
        ),
        // the field is exchanged where it stands, and once
        (
            mime
                + "Content-Transfer-Encoding: 8bit\r\nSubject: x\r\ncontent-transfer-encoding: 8BIT\r\n\r\né =\r\n \r\n",
            mime + "Content-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\n=C3=A9 =3D\r\n=20\r\n"
        ),
        // what is no text, and text with more escapes than letters
        (
            mime + "Content-Type: image/x\r\n\r\né",
            mime + "Content-Type: image/x\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\nw6k="
        ),
        (
            mime + "Content-Type: text/plain\r\n\r\néééééé",
            mime + "Content-Type: text/plain\r\n"
                + "Content-Transfer-Encoding: base64\r\n\r\nw6nDqcOpw6nDqcOp"
        ),
        // nothing to do
        ("Subject: x\r\n\r\nbody\r\n", "Subject: x\r\n\r\nbody\r\n"),
        // only the part that needs it
        (
            mime + "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\npre\r\n--b\r\n"
                + "\r\none  \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>twö  \r\n--b--\r\nepi",
            mime + "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\npre\r\n--b\r\n"
                + "\r\none  \r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                + "<p>tw=C3=B6 =20\r\n--b--\r\nepi"
        ),
        // a message in a message
        (
            mime + "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + mime
                + "Content-Type: text/plain\r\n\r\nin thë\r\n",
            mime + "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + mime
                + "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nin th=C3=AB\r\n"
        ),
        // a message that may be in UTF-8 all over
        (
            mime + "Content-Type: message/global\r\n\r\nSubject: é\r\n\r\nx",
            mime + "Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + "U3ViamVjdDogw6kNCg0KeA=="
        ),
    ])
    func `What must change does, and nothing else`(text: String, expected: String) throws {
        #expect(try convert(text) == expected)
    }

    @Test(
        arguments: [
            (mime + "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n", .signed),
            (mime + "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n", .signed),
            (
                mime
                    + "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/signed; boundary=b\r\n"
                    + "\r\n--b\r\n\r\né\r\n--b--\r\n--o--\r\n", .signed
            ),
            ("Subject: é\r\n\r\nx", .outsideBodies),
            (mime + "Content-Type: multipart/mixed; boundary=b\r\n\r\né\r\n--b\r\n\r\nx\r\n--b--\r\n", .outsideBodies),
            (mime + "Content-Type: message/delivery-status\r\n\r\né\r\n", .unencodable),
            (mime + "Content-Type: multipart/mixed\r\n\r\né\r\n", .unencodable),
            (mime + "Content-Transfer-Encoding: base64\r\n\r\né\r\n", .unencodable),
            (mime + "Content-Transfer-Encoding: x-uue\r\n\r\né\r\n", .unencodable),
        ] as [(String, MessageConversion.Refusal)]
    )
    func `What cannot change is refused`(text: String, refusal: MessageConversion.Refusal) {
        #expect(throws: refusal) { try convert(Array(text.utf8)) }
    }

    @Test func `A DKIM signature is broken for who wants that, and nothing else is`() throws {
        let text = "DKIM-Signature: v=1; b=x\r\nMIME-Version: 1.0\r\n"
        let signed = "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n"
        let plain = Array((text + "\r\né\r\n").utf8)
        #expect(throws: MessageConversion.Refusal.signed) { try MessageConversion(plain, for: .sevenBit) }
        let converted = try MessageConversion(plain, for: .sevenBit, breakingSignature: true)
        #expect(converted.breaksSignature)
        #expect(throws: MessageConversion.Refusal.signed) {
            try MessageConversion(Array((text + signed).utf8), for: .sevenBit, breakingSignature: true)
        }
    }

    @Test func `A signed part that needs no change keeps no other from it`() throws {
        let signed = "--o\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"
        let head = Self.mime + "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
        let converted = try convert(head + signed + "--o\r\n\r\né\r\n--o--\r\n")
        #expect(converted.hasPrefix(head + signed))
        #expect(!converted.contains("é"))
    }

    @Test func `For 8BITMIME only what is binary changes`() throws {
        let head = Self.mime + "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        let text = "--b\r\n\r\né\r\n"
        let binary = "--b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\0\nb\r\n--b--\r\n"
        let encoded = "--b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: base64\r\n\r\nYQAKYg==\r\n--b--\r\n"
        #expect(try convert(head + text + binary, .eightBit) == head + text + encoded)
    }

    @Test func `Long lines are broken softly`() throws {
        let line = String(repeating: "é word ", count: 400)
        let text = Self.mime + "Content-Type: text/plain\r\n\r\n" + line + "\r\n.\r\n"
        let converted = try convert(text)
        let lines = converted.split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
        let body = try #require(converted.firstRange(of: "\r\n\r\n").map { Array(converted[$0.upperBound...].utf8) })
        #expect(QuotedPrintableDecoder.decode(body) == Array((line + "\r\n.\r\n").utf8))
    }

    /// The decoded bodies of all leaves, in order.
    private func leaves(_ octets: [UInt8]) -> [[UInt8]] {
        func leaves(_ part: MessagePart) -> [[UInt8]] {
            switch part.content {
            case .multipart(let children): return children.flatMap { leaves($0) }
            case .message(_, let root): return leaves(root)
            case .leaf:
                let body = Array(octets[Int(part.body.lowerBound)..<Int(part.body.upperBound)])
                switch part.transferEncoding {
                case .base64: return [Base64Decoder.decode(body)]
                case .quotedPrintable: return [QuotedPrintableDecoder.decode(body)]
                case .identity, .unknown: return [body]
                }
            }
        }
        return leaves(MessageStructure(parsing: octets).root)
    }

    @Test(.enabled(if: Corpus.isPresent), .timeLimit(.minutes(20)))
    func `Real messages: 7-bit data, and the same leaves`() {
        var changed = 0
        for file in Corpus.files where file.bytes.count < 2_000_000 {
            guard let converted = try? convert(file.bytes) else { continue }
            #expect(!converted.contains { $0 >= 0x80 || $0 == 0 }, "\(file.name)")
            if converted != file.bytes { changed += 1 }
            // A message/global becomes one leaf, of other octets.
            guard !String(decoding: converted, as: UTF8.self).contains("message/global") else { continue }
            #expect(leaves(converted) == leaves(file.bytes), "\(file.name)")
        }
        #expect(changed > 10)
    }
}
