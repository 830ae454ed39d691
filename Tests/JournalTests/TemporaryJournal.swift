// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal

/// A folder that is removed with its journal at the end of a test.
final class TemporaryJournal: Sendable {
    let directory: String
    let identity = JournalIdentity(high: 1, low: 2)

    init() {
        directory = "/tmp/martlet-journal-\(UInt64.random(in: .min ... .max))"
    }

    deinit {
        for name in (try? Directories.entries(directory)) ?? [] { unsafe unlink("\(directory)/\(name)") }
        unsafe rmdir(directory)
    }

    func open(_ options: JournalOptions = JournalOptions()) throws -> Journal {
        try Journal.open(directory, identity: identity, options: options)
    }

    func segment(_ number: UInt32) -> String {
        let digits = String(number)
        return "\(directory)/segment-\(String(repeating: "0", count: 10 - digits.count))\(digits).log"
    }

    func contents(_ number: UInt32) -> [UInt8] { WholeFile.contents(segment(number)) ?? [] }
    func replace(_ number: UInt32, _ bytes: [UInt8]) { WholeFile.replace(segment(number), with: bytes) }

    func dropCheckpoints() {
        unsafe unlink("\(directory)/heads.a")
        unsafe unlink("\(directory)/heads.b")
    }
}

/// Octets that differ from place to place.
func pattern(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
    var value = UInt32(seed) &* 2_654_435_761
    return (0..<count).map { _ in
        value = value &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: value >> 24)
    }
}

func note(_ text: String, stream: UInt64 = 1, body: [UInt8] = []) -> JournalRecord {
    JournalRecord(
        kind: RecordKind.firstForUsers,
        stream: stream,
        metadata: Array(text.utf8),
        body: body.isEmpty ? .none : .block(OctetBlock(body))
    )
}

extension Journal {
    /// The metadata of a stream's records as text; damaged ones as `?`.
    func texts(of stream: UInt64 = 1) throws -> [String] {
        var texts: [String] = []
        try replay(stream, after: nil) { item in
            switch item {
            case .record(let entry): texts.append(String(decoding: entry.metadata, as: UTF8.self))
            case .damaged: texts.append("?")
            }
        }
        return texts
    }
}
