// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Glibc
import MessageFormat
import SearchIndex

/// Any octets as a record; and a whole sidecar in which octets were changed: nothing traps, what is read is what was
/// written, and a search finds nothing that is not there.
@main
enum FuzzSearchSidecar {
    static func main() { fuzz(check) }

    nonisolated static let messages = ["Subject: one\r\n\r\nalpha beta\r\n", "From: b\r\n\r\ngamma beta\r\n", "\r\nbeta"]

    nonisolated static func check(_ input: [UInt8]) {
        if let record = SidecarRecord(reading: input), let again = SidecarRecord(reading: record.encode()) {
            precondition(again.encode() == record.encode())
        }
        for width in [GramFilter.Width.three, .four] {
            _ = GramFilter(width, reading: input)?.passes(Array(input.prefix(40)))
            precondition(GramFilter(width, of: input).passes(Array(input.prefix(9).prefix { $0 < 0xFC })))
        }
        let place = SidecarPlace(path: "/tmp/martlet-fuzz-\(getpid())/7.text", identity: Array(1...16), account: 7)
        try? checkFiles(place, input)
        TextSidecar(place).remove()
    }

    nonisolated static func checkFiles(_ place: SidecarPlace, _ input: [UInt8]) throws {
        let sidecar = TextSidecar(place)
        for start in [0, 2] {
            var block = TextBlock()
            for number in start..<min(start + 2, messages.count) {
                let bytes = Array(messages[number].utf8)
                block.add(key(number), MessageText(of: bytes, MessageStructure(parsing: bytes)))
            }
            try sidecar.append(block)
        }
        for ending in ["", "-a", "-b"] { change(place.path + ending, input) }
        let damaged = TextSidecar(place)
        let search = TextSearch([MessageSearch.Term(SearchNeedle("alpha"), in: .text)], .term(0))
        let run = SidecarSearch(damaged, search, [0, 1, 2]) { key($0) }
        while !run.step() {}
        precondition(run.result.matches.allSatisfy { $0 == 0 })
        precondition(run.result.matches.contains(0) || run.result.leftOver.contains(0))
        _ = damaged.smallTail()
        try damaged.rewrite(where: { _ in true })
    }

    nonisolated static func key(_ number: Int) -> TextKey {
        TextKey(UInt64(number), check: 0)
    }

    /// The input is a list of changes: where (2 octets), and what to put there (1 octet).
    nonisolated static func change(_ path: String, _ input: [UInt8]) {
        let file = unsafe open(path, O_RDWR)
        guard file >= 0 else { return }
        defer { close(file) }
        let size = Int(lseek(file, 0, Int32(SEEK_END)))
        for start in stride(from: 0, to: input.count - 2, by: 3) where size > 0 {
            var octet = input[start + 2]
            _ = unsafe pwrite(file, &octet, 1, off_t((Int(input[start]) << 8 | Int(input[start + 1])) % size))
        }
    }
}
