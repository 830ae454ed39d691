// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MilterWire
import Testing

private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

private let header = "From: a\r\nX-A: 1\r\nSubject: long\r\n\tand longer\r\nx-a:2\r\nX-A :  3\r\n"

@Suite struct HeaderBlockTests {
    private func applied(_ changes: [MilterChange], bringsSpace: Bool = false) -> String {
        var block = HeaderBlock(octets(header))
        for change in changes { block.apply(change, bringsSpace: bringsSpace) }
        return String(decoding: block.encoded, as: UTF8.self)
    }

    @Test(arguments: ["", header, "A: b", "no field\r\n", "A: b\r\n c", "\r\n", "A: b\n\tc\nB: d\n", " x\r\n"])
    func `Every octet is kept`(text: String) {
        #expect(HeaderBlock(octets(text)).encoded == octets(text))
    }

    @Test func `As a filter gets them`() {
        let fields = HeaderBlock(octets(header)).forFilter(keepsSpace: false)
        #expect(fields.map { String(decoding: $0.name, as: UTF8.self) } == ["From", "X-A", "Subject", "x-a", "X-A"])
        #expect(
            fields.map { String(decoding: $0.value, as: UTF8.self) } == ["a", "1", "long\n\tand longer", "2", " 3"]
        )
        let spaced = HeaderBlock(octets(header)).forFilter(keepsSpace: true)
        #expect(
            spaced.map { String(decoding: $0.value, as: UTF8.self) } == [" a", " 1", " long\n\tand longer", "2", "  3"]
        )
    }

    @Test func `Added at the end, inserted where asked`() {
        #expect(applied([.addHeader(name: octets("X-B"), value: octets("v"))]) == header + "X-B: v\r\n")
        #expect(applied([.insertHeader(at: 0, name: octets("X-B"), value: octets("v"))]) == "X-B: v\r\n" + header)
        #expect(
            applied([.insertHeader(at: 1, name: octets("X-B"), value: octets("v"))])
                == header.replacing("X-A: 1", with: "X-B: v\r\nX-A: 1")
        )
        #expect(
            applied([.insertHeader(at: .max, name: octets("X-B"), value: octets("v"))]) == header + "X-B: v\r\n"
        )
        #expect(
            applied([.addHeader(name: octets("X-B"), value: octets("\tv"))], bringsSpace: true) == header
                + "X-B:\tv\r\n"
        )
    }

    @Test func `Changed and deleted by number, whatever the case of the name`() {
        #expect(
            applied([.changeHeader(number: 2, name: octets("X-a"), value: octets("two"))])
                == header.replacing("x-a:2", with: "X-a: two")
        )
        #expect(
            applied([.changeHeader(number: 1, name: octets("Subject"), value: [])])
                == header.replacing("Subject: long\r\n\tand longer\r\n", with: "")
        )
        // There is no fourth: a value makes one, none changes nothing.
        #expect(applied([.changeHeader(number: 4, name: octets("X-A"), value: octets("v"))]) == header + "X-A: v\r\n")
        #expect(applied([.changeHeader(number: 4, name: octets("X-A"), value: [])]) == header)
        #expect(applied([.changeHeader(number: 0, name: octets("From"), value: octets("b"))]).hasPrefix("From: b\r\n"))
    }

    @Test func `Numbers mean what the filter saw, until the next filter`() {
        let first = MilterChange.changeHeader(number: 1, name: octets("X-A"), value: [])
        let second = MilterChange.changeHeader(number: 2, name: octets("X-A"), value: [])
        let third = MilterChange.changeHeader(number: 3, name: octets("X-A"), value: [])
        let bare = "From: a\r\nSubject: long\r\n\tand longer\r\n"
        #expect(applied([first, second, third]) == bare)
        #expect(applied([third, second, first]) == bare)
        var block = HeaderBlock(octets(header))
        block.apply(first, bringsSpace: false)
        block.settle()
        block.apply(first, bringsSpace: false)
        #expect(String(decoding: block.encoded, as: UTF8.self) == bare + "X-A :  3\r\n")
    }

    @Test(arguments: [
        ("one\n two", "one\r\n two"), ("one\r\n two", "one\r\n two"), ("one\nEvil: two", "one\r\n\tEvil: two"),
        ("one\n\nbody", "one\r\n\tbody"), ("one\n \nbody", "one\r\n\tbody"), ("one\n", "one"), ("one\r", "one"),
        ("one\r\rtwo", "onetwo"), ("one\0two", "onetwo"), ("", ""),
    ])
    func `A value never ends its field`(value: String, expected: String) {
        #expect(applied([.addHeader(name: octets("X-B"), value: octets(value))]) == header + "X-B: \(expected)\r\n")
    }

    @Test(arguments: ["", "A B", "A:B", "A\r\nB", "Ä", String(repeating: "a", count: 257)])
    func `A name that is none`(name: String) {
        var block = HeaderBlock(octets(header))
        for change in [
            MilterChange.addHeader(name: octets(name), value: octets("v")),
            .insertHeader(at: 0, name: octets(name), value: octets("v")),
            .changeHeader(number: 1, name: octets(name), value: octets("v")),
        ] {
            let isDone = block.apply(change, bringsSpace: false)
            #expect(!isDone)
        }
        #expect(block.encoded == octets(header))
    }
}
