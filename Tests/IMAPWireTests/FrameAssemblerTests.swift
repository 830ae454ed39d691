// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import Testing

@Test(
    arguments: [
        ("a NOOP", nil), ("a LOGIN {5}", LiteralMarker(count: 5, isSynchronizing: true)),
        ("a LOGIN {0+}", LiteralMarker(count: 0, isSynchronizing: false)),
        ("{12}", LiteralMarker(count: 12, isSynchronizing: true)),
        ("a {}", nil), ("a {+}", nil), ("a {-1}", nil), ("a {1 }", nil), ("a {x}", nil), ("a 5}", nil), ("a {5} ", nil),
        ("a {9223372036854775807}", LiteralMarker(count: 9_223_372_036_854_775_807, isSynchronizing: true)),
        ("a {9223372036854775808}", nil), ("a {99999999999999999999999999}", nil), ("}", nil), ("", nil),
    ] as [(String, LiteralMarker?)]
)
func seesTheLiteralAtTheEndOfALine(line: String, marker: LiteralMarker?) {
    #expect(LiteralMarker(atEndOf: Array(line.utf8)) == marker)
}

@Test
func joinsLinesAndLiterals() {
    var assembler = FrameAssembler()
    #expect(assembler.add(line: Array("a LOGIN {5}".utf8)) == .literal(LiteralMarker(count: 5, isSynchronizing: true)))
    assembler.add(literal: Array("al\r\ne".utf8))
    #expect(assembler.add(line: Array(" {1+}".utf8)) == .literal(LiteralMarker(count: 1, isSynchronizing: false)))
    assembler.add(literal: Array("x".utf8))
    #expect(assembler.add(line: []) == .complete(Array("a LOGIN {5}\r\nal\r\ne {1+}\r\nx".utf8)))
    #expect(assembler.isEmpty)
    #expect(assembler.add(line: Array("b NOOP".utf8)) == .complete(Array("b NOOP".utf8)))
}
