// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import MessageFormat
import Testing

/// `id|references|subject`, one message a line, sent one second after the other.
private func messages(_ lines: [String]) -> [ThreadedMessage] {
    lines.enumerated().map { place, line in
        let parts = line.split(separator: "|", omittingEmptySubsequences: false)
        return ThreadedMessage(
            number: UInt32(place + 1),
            sent: Int64(place),
            subject: BaseSubject(Array(parts[2].utf8)),
            id: parts[0].isEmpty ? nil : Array(parts[0].utf8),
            references: parts[1].split(separator: " ").map { Array($0.utf8) }
        )
    }
}

private func text(_ forest: ThreadForest) -> String {
    var encoder = WireEncoder()
    encoder.response(.thread(forest))
    return String(decoding: encoder.bytes.dropFirst(9).dropLast(2), as: UTF8.self)
}

private let references: [(name: String, lines: [String], answer: String)] = [
    ("nothing", [], ""),
    ("one", ["a||x"], "(1)"),
    ("a line", ["a||x", "b|a|Re: x", "c|a b|Re: x"], "(1 2 3)"),
    ("two answers", ["a||x", "b|a|Re: x", "c|a|Re: x"], "(1 (2)(3))"),
    ("the answer came first", ["b|a|Re: x", "a||x"], "(2 1)"),
    ("what they answer is not here", ["b|a|x", "c|a|y"], "((1)(2))"),
    ("one whose parent is not here", ["b|a|x", "c||y"], "(1)(2)"),
    ("one missing between", ["a||x", "c|a b|y"], "(1 2)"),
    ("two missing between", ["a||x", "d|a b c|y", "e|a b c|z"], "(1 (2)(3))"),
    ("others said it was elsewhere", ["c|a b|x", "b||y", "a||z"], "(2 1)(3)"),
    ("answers itself", ["a|a|x"], "(1)"),
    ("each answers the other", ["a|b|x", "b|a|y"], "(2 1)"),
    ("a loop of three", ["a|c|x", "b|a|y", "c|b|z"], "(3 1 2)"),
    ("the same id twice", ["a||x", "a||y", "b|a|z"], "(1 3)(2)"),
    ("no ids", ["||x", "||y"], "(1)(2)"),
    ("joined by subject: the answer below", ["||x", "||Re: x"], "(1 2)"),
    ("joined by subject: the answer came first", ["||Re: x", "||x"], "(2 1)"),
    ("joined by subject: both new", ["||x", "||x"], "((1)(2))"),
    ("joined by subject: both answers", ["||Re: x", "||Re: x"], "((1)(2))"),
    ("joined by subject: three", ["||x", "||x", "||Re: x"], "((1)(2)(3))"),
    ("joined by subject: below what is not here", ["b|a|x", "c|a|Re: x", "||Re: x"], "((1)(2)(3))"),
    ("joined by subject: what is not here, twice", ["b|a|x", "c|a|Re: x", "e|d|x", "f|d|x"], "((1)(2)(3)(4))"),
    ("no subject joins nothing", ["||", "||", "||Re:"], "(1)(2)(3)"),
    ("in order of time", ["z||late", "b|a|Re: early", "a||early"], "(1)(3 2)"),
]

@Test("REFERENCES", arguments: references.indices)
func threadsByReferences(index: Int) {
    let (name, lines, answer) = references[index]
    #expect(text(ThreadForest(byReferences: messages(lines))) == answer, "\(name)")
}

private let subjects: [(lines: [String], answer: String)] = [
    ([], ""), (["||x"], "(1)"), (["||x", "||Re: x"], "(1 2)"),
    (["||x", "||y", "||Re: x", "||Fwd: x"], "(1 (3)(4))(2)"),
    (["||y", "||x", "||y"], "(1 3)(2)"),
]

@Test("ORDEREDSUBJECT", arguments: subjects.indices)
func threadsBySubject(index: Int) {
    let (lines, answer) = subjects[index]
    #expect(text(ThreadForest(bySubject: messages(lines))) == answer)
}

@Test("Whatever messages say, each is there once, and in bounded time")
func threadsAnything() {
    var generator = SystemRandomNumberGenerator()
    for round in 0..<60 {
        let count = round == 0 ? 3000 : Int.random(in: 0..<60, using: &generator)
        let lines = (0..<count).map { _ in
            let ids = (0..<Int.random(in: 0..<5, using: &generator)).map { _ in
                "i\(Int.random(in: 0..<40, using: &generator))"
            }
            let subject = ["", "x", "Re: x", "y", "Re: y"].randomElement(using: &generator) ?? ""
            return "i\(Int.random(in: 0..<40, using: &generator))|\(ids.joined(separator: " "))|\(subject)"
        }
        let forest = ThreadForest(byReferences: messages(lines))
        var open = forest.roots
        var numbers: [UInt32] = []
        while let next = open.popLast(), numbers.count <= count {
            if let number = forest.nodes[next].number { numbers.append(number) }
            open += forest.nodes[next].children
        }
        #expect(numbers.sorted() == (0..<count).map { UInt32($0 + 1) }, "\(lines)")
        if !forest.roots.isEmpty {
            #expect(
                (try? ResponseParser.parse(Array("* THREAD \(text(forest))".utf8))) != nil || count == 3000,
                "\(text(forest))"
            )
        }
    }
    // A conversation of 20,000 messages, each an answer to the one before, and told backwards.
    let line = (0..<20_000).map {
        ThreadedMessage(
            number: UInt32($0 + 1),
            sent: 0,
            subject: BaseSubject(nil),
            id: Array("\($0)".utf8),
            references: $0 > 0 ? [Array("\($0 - 1)".utf8)] : []
        )
    }
    #expect(ThreadForest(byReferences: line).roots == [0])
    #expect(ThreadForest(byReferences: line.reversed()).roots == [19_999])
}
