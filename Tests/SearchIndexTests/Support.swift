// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import MessageFormat
import SearchIndex

/// Numbers that are the same at every run.
struct Generator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 29) ^ state
    }

    mutating func pick<T>(_ values: [T]) -> T { values[Int(next() % UInt64(values.count))] }
    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }
}

/// Messages of all shapes, made of few words, so that much is found.
enum MessageMaker {
    static let words = [
        "quarterly", "Report", "invoice", "MÜNCHEN", "straße", "naïve", "日本語", "Привет", "x-ray", "a", "the", "zebra",
        "e=mc2", "semi;colon", "from:", "subject: report", "tab\tbed", "lines\r\nbroken", "  spaced  ",
        "\u{130}stanbul",
    ]
    static let names = ["Subject", "From", "To", "Cc", "X-Note", "Received", "x-empty"]

    static func text(_ generator: inout Generator, words count: Int) -> String {
        (0..<count).map { _ in generator.pick(words) }.joined(separator: " ")
    }

    static func message(_ generator: inout Generator) -> [UInt8] {
        var header = ""
        for _ in 0..<(1 + generator.below(6)) { header += field(&generator) }
        return Array(header.utf8) + part(&generator, depth: 0)
    }

    private static func field(_ generator: inout Generator) -> String {
        let name = generator.pick(names)
        let plain = text(&generator, words: generator.below(6)).filter { $0 != "\r\n" && $0 != "\r" && $0 != "\n" }
        switch generator.below(4) {
        case 0: return "\(name): =?utf-8?B?\(base64(Array(plain.utf8)))?=\r\n"
        case 1: return "\(name):\(plain)\r\n"
        case 2: return "\(name): =?utf-8?Q?=20led?= \(plain)\r\n folded\r\n"
        default: return "\(name): \(plain)\r\n"
        }
    }

    private static func part(_ generator: inout Generator, depth: Int) -> [UInt8] {
        let text = Array(text(&generator, words: generator.below(40)).utf8)
        switch generator.below(depth > 2 ? 4 : 6) {
        case 0: return Array("\r\n".utf8) + text
        case 1:
            return Array("Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n".utf8)
                + Array(base64(text).utf8)
        case 2:
            let head =
                "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            return Array(head.utf8) + text.flatMap { $0 < 0x80 && $0 != 0x3D ? [$0] : quoted($0) }
        case 3: return Array("Content-Type: image/png; name=zebra\r\n\r\n".utf8) + text
        case 4:
            return Array("Content-Type: message/rfc822\r\n\r\n".utf8) + Array(field(&generator).utf8)
                + part(&generator, depth: depth + 1)
        default:
            let mark = "b\(depth)"
            var bytes = Array("Content-Type: multipart/mixed; boundary=\(mark)\r\n\r\npreamble zebra\r\n".utf8)
            for _ in 0..<(1 + generator.below(3)) {
                bytes += Array("--\(mark)\r\n".utf8) + part(&generator, depth: depth + 1) + Array("\r\n".utf8)
            }
            return bytes + Array("--\(mark)--\r\n".utf8)
        }
    }

    private static func quoted(_ octet: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [0x3D, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet: [Character] = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let some = bytes[start..<min(start + 3, bytes.count)]
            var value = some.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - some.count))
            var group = ""
            for _ in 0..<4 {
                group = String(alphabet[Int(value & 63)]) + group
                value >>= 6
            }
            text += String(group.prefix(some.count + 1)) + String(repeating: "=", count: 3 - some.count)
        }
        return text
    }

    static func term(_ generator: inout Generator) -> MessageSearch.Term {
        let scope: MessageSearch.Scope =
            switch generator.below(4) {
            case 0: .body
            case 1: .text
            default: .header(generator.pick(names + ["subject", "SUBJ", "Subject: report", ""]))
            }
        var wanted = text(&generator, words: 1 + generator.below(2))
        if generator.below(3) == 0 {
            wanted = String(wanted.dropFirst(generator.below(4)).prefix(1 + generator.below(5)))
        }
        if generator.below(12) == 0 { wanted = "" }
        return MessageSearch.Term(SearchNeedle(wanted), in: scope)
    }

    static func query(_ generator: inout Generator, terms: Int, depth: Int = 0) -> TextQuery {
        switch generator.below(depth > 2 ? 2 : 5) {
        case 0: return .term(generator.below(terms))
        case 1:
            let modulus = 2 + generator.below(3)
            return depth > 0 ? .known { $0.isMultiple(of: modulus) } : .term(0)
        case 2: return .not(query(&generator, terms: terms, depth: depth + 1))
        case 3: return .all((0..<2).map { _ in query(&generator, terms: terms, depth: depth + 1) })
        default: return .any((0..<2).map { _ in query(&generator, terms: terms, depth: depth + 1) })
        }
    }

    static func search(_ generator: inout Generator) -> TextSearch {
        let terms = (0..<(1 + generator.below(3))).map { _ in term(&generator) }
        return TextSearch(terms, query(&generator, terms: terms.count))
    }
}

extension TextSearch {
    /// What reading the messages themselves finds.
    func slow(_ messages: [[UInt8]]) -> [Int] {
        messages.indices.filter { index in
            let found = MessageSearch.find(terms, in: MessageStructure(parsing: messages[index]), of: messages[index])
            return query.value(at: index) { found[$0] } ?? false
        }
    }
}

/// A sidecar in a folder of its own, over messages at hand.
final class Bench {
    let directory = "/tmp/martlet-text-\(UInt64.random(in: .min ... .max))"
    let place: SidecarPlace
    private(set) var sidecar: TextSidecar
    var messages: [[UInt8]] = []
    var keys: [TextKey] = []

    init() {
        place = SidecarPlace(path: directory + "/accounts/07/7.text", identity: Array(1...16), account: 7)
        unsafe mkdir(directory, 0o700)
        sidecar = TextSidecar(place)
    }

    deinit {
        for path in [place.path, place.path + "-a", place.path + "-b", place.path + "-new"] { unsafe unlink(path) }
        for path in ["/accounts/07", "/accounts", ""] { unsafe rmdir(directory + path) }
    }

    var files: [String] {
        [place.path, place.path + "-a", place.path + "-b"].filter { unsafe access($0, F_OK) == 0 }
    }

    func reopen() { sidecar = TextSidecar(place) }

    /// Adds messages in blocks of some.
    func add(_ new: [[UInt8]], perBlock: Int = 10) throws {
        var block = TextBlock()
        for message in new {
            let key = TextKey(UInt64(messages.count) * 100, check: UInt32(message.count))
            messages.append(message)
            keys.append(key)
            block.add(key, MessageText(of: message, MessageStructure(parsing: message)))
            guard block.count == perBlock else { continue }
            try sidecar.append(block)
            block = TextBlock()
        }
        try sidecar.append(block)
    }

    /// What a search finds, with what is left over searched slowly; and how many were left over.
    func find(_ search: TextSearch, _ places: [Int]? = nil) -> (found: [Int], leftOver: Int) {
        let keys = keys
        let places = places ?? Array(messages.indices)
        let run = SidecarSearch(sidecar, search, places) { keys[$0] }
        while !run.step(nanoseconds: 0) {}
        let (matches, leftOver) = run.result
        let slow = Set(search.slow(messages))
        return ((matches + leftOver.filter(slow.contains)).sorted(), leftOver.count)
    }

    static func read(_ path: String) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    static func write(_ path: String, _ bytes: [UInt8]) {
        let file = unsafe open(path, O_WRONLY | O_TRUNC)
        defer { close(file) }
        _ = unsafe Glibc.write(file, bytes, bytes.count)
    }
}
