// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite struct StructureTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var name: String
        var message: String
        var outline: String
        var faults: StructureFaults = []
        var testDescription: String { name }
    }

    static let examples = [
        Example(name: "empty", message: "", outline: "text/plain", faults: .malformedHeader),
        Example(name: "empty line only", message: "\n", outline: "text/plain"),
        Example(name: "plain", message: "Subject: x\n\nhello\n", outline: "text/plain"),
        Example(name: "no body", message: "Subject: x\n", outline: "text/plain", faults: .malformedHeader),
        Example(name: "html", message: "Content-Type: text/html; charset=utf-8\n\n<p>", outline: "text/html"),
        Example(
            name: "two parts",
            message:
                "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n--b\nContent-Type: image/png\n\ntwo\n--b--\nepilogue\n",
            outline: "multipart/mixed(text/plain,image/png)"
        ),
        Example(
            name: "nested",
            message: """
                Content-Type: multipart/mixed; boundary="o"

                --o
                Content-Type: multipart/alternative; boundary="i"

                --i

                a
                --i
                Content-Type: text/html

                b
                --i--

                --o
                Content-Type: application/pdf; name=x.pdf

                c
                --o--
                """,
            outline: "multipart/mixed(multipart/alternative(text/plain,text/html),application/pdf)"
        ),
        Example(
            name: "inner multipart not closed",
            message:
                "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\n\na\n--o\n\nb\n--o--\n",
            outline: "multipart/mixed(multipart/alternative(text/plain),text/plain)",
            faults: .unclosedMultipart
        ),
        Example(
            name: "cut",
            message: "Content-Type: multipart/mixed; boundary=o\n\n--o\n\na",
            outline: "multipart/mixed(text/plain)",
            faults: .unclosedMultipart
        ),
        Example(
            name: "no boundary parameter",
            message: "Content-Type: multipart/mixed\n\n--o\n\na\n--o--\n",
            outline: "text/plain",
            faults: .noPartInMultipart
        ),
        Example(
            name: "no delimiter in the body",
            message: "Content-Type: multipart/mixed; boundary=o\n\nhello\n",
            outline: "text/plain",
            faults: [.noPartInMultipart, .unclosedMultipart]
        ),
        Example(
            name: "embedded message",
            message: "Content-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\nx\n",
            outline: "message/rfc822{text/html}"
        ),
        Example(
            name: "embedded message under base64",
            message: "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n",
            outline: "application/octet-stream",
            faults: .encodedMessage
        ),
        Example(
            name: "digest",
            message:
                "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: a\n\nx\n--d\nContent-Type: text/plain\n\ny\n--d--\n",
            outline: "multipart/digest(message/rfc822{text/plain},text/plain)"
        ),
        Example(
            name: "delimiter inside an embedded header",
            message:
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: a\n--b\n\nx\n--b--\n",
            outline: "multipart/mixed(message/rfc822{text/plain},text/plain)",
            faults: .malformedHeader
        ),
        Example(
            name: "boundary that is the start of another",
            message:
                "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=b2\n\n--b2\n\nx\n--b2--\n--b--\n",
            outline: "multipart/mixed(multipart/mixed(text/plain))"
        ),
        Example(
            name: "boundary that ends in hyphens",
            message: "Content-Type: multipart/mixed; boundary=\"b--\"\n\n--b--\n\nx\n--b----\n",
            outline: "multipart/mixed(text/plain)"
        ),
        Example(
            name: "blanks after delimiters",
            message: "Content-Type: multipart/mixed; boundary=\"b \"\n\n--b  \n\nx\n--b--\t\n",
            outline: "multipart/mixed(text/plain)"
        ),
        Example(
            name: "boundary in extended form",
            message: "Content-Type: multipart/mixed; boundary*0*=us-ascii''b%2B; boundary*1=c\n\n--b+c\n\nx\n--b+c--\n",
            outline: "multipart/mixed(text/plain)"
        ),
        Example(name: "empty charset", message: "Content-Type: text/plain; charset=\"\"\n\nx", outline: "text/plain"),
        Example(name: "type without subtype", message: "Content-Type: text\n\nx", outline: "text/plain"),
        Example(name: "broken type", message: "Content-Type: /; =;;\n\nx", outline: "text/plain"),
        Example(
            name: "line that is no field",
            message: "Subject: a\nnonsense\nContent-Type: text/html\n\nx",
            outline: "text/html",
            faults: .malformedHeader
        ),
    ]

    @Test(arguments: examples)
    func outline(_ example: Example) {
        for bytes in [message(example.message), octets(example.message)] {
            let structure = MessageStructure(parsing: bytes)
            #expect(structure.root.outline == example.outline)
            #expect(structure.faults == example.faults)
            #expect(inconsistencies(of: structure, in: bytes).isEmpty)
            #expect(MessageSummary.decode(MessageSummary(structure: structure).encode())?.structure == structure)
        }
    }

    @Test func values() throws {
        let bytes = message(
            """
            Content-Type: Text/HTML (comment); Charset="UTF-8"; format = flowed
            Content-Transfer-Encoding: Quoted-Printable (x)
            Content-ID: <a@b>
            Content-Description: two
             words
            Content-MD5: Q2hlY2s=
            Content-Disposition: attachment; filename="a\\"b.html"; size=3
            Content-Language: en, de-CH
            Content-Location: http://x.test/

            a
            b
            """
        )
        let part = MessageStructure(parsing: bytes).root
        #expect(text(part.mediaType.type) == "Text")
        #expect(text(part.mediaType.parameters.value(of: "CHARSET")) == "UTF-8")
        #expect(text(part.mediaType.parameters.value(of: "format")) == "flowed")
        #expect(text(part.encodingText) == "Quoted-Printable")
        #expect(part.transferEncoding == .quotedPrintable)
        #expect(text(part.contentID) == "<a@b>")
        #expect(text(part.description) == "two words")
        #expect(text(part.md5) == "Q2hlY2s=")
        #expect(part.disposition?.isAttachment == true)
        #expect(part.fileName == "a\"b.html")
        #expect(part.languages.map(text) == ["en", "de-CH"])
        #expect(text(part.location) == "http://x.test/")
        #expect(part.lines == 1 && part.octets == 4)
    }

    @Test func absentValues() {
        let part = MessageStructure(parsing: message("Subject:\n\n")).root
        #expect(part.mediaType == .plainText)
        #expect(text(part.encodingText) == "7BIT" && part.encoding == nil)
        #expect(part.contentID == nil && part.disposition == nil && part.languages.isEmpty)
    }

    @Test func lineEndBeforeDelimiterBelongsToIt() throws {
        let bytes = message("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n\n--b\nX: y\n\n--b\n--b--")
        let structure = MessageStructure(parsing: bytes)
        let parts = structure.root.children
        try #require(parts.count == 3)
        #expect(String(decoding: bytes[parts[0].body.asInt], as: UTF8.self) == "one\r\n")
        #expect(parts[0].lines == 1)
        #expect(String(decoding: bytes[parts[1].header.asInt], as: UTF8.self) == "X: y\r\n\r\n")
        #expect(parts[1].octets == 0)
        #expect(parts[2].header.isEmpty && parts[2].octets == 0)
    }
}

extension Range<UInt64> {
    var asInt: Range<Int> { Int(lowerBound)..<Int(upperBound) }
}
