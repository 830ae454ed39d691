// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking

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

    func index(_ number: UInt32) -> String { String(segment(number).dropLast(4)) + ".idx" }

    func contents(_ number: UInt32) -> [UInt8] { WholeFile.contents(segment(number)) ?? [] }
    func replace(_ number: UInt32, _ bytes: [UInt8]) { WholeFile.replace(segment(number), with: bytes) }

    func remove(_ number: UInt32) { unsafe unlink(segment(number)) }
    func remove(index number: UInt32) { unsafe unlink(index(number)) }

    /// Changes the octets of a segment that may be open: the file stays the same one.
    func overwrite(_ number: UInt32, _ bytes: [UInt8]) {
        let descriptor = unsafe Glibc.open(segment(number), O_WRONLY)
        defer { close(descriptor) }
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    /// Another folder with the same files, as a crash of the machine's power would leave them.
    func copy() -> TemporaryJournal {
        let other = TemporaryJournal()
        unsafe mkdir(other.directory, 0o700)
        for name in (try? Directories.entries(directory)) ?? [] {
            guard let bytes = WholeFile.contents("\(directory)/\(name)") else { continue }
            WholeFile.replace("\(other.directory)/\(name)", with: bytes)
        }
        return other
    }

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
            case .unreadable: break
            }
        }
        return texts
    }
}

extension Journal {
    /// What checking a segment finds.
    func items(of segment: UInt32, pace: (Int) -> Void = { _ in }) throws -> [VerifiedItem] {
        var items: [VerifiedItem] = []
        try verify(segment: segment, pace: pace) { item in
            items.append(item)
            return true
        }
        return items
    }
}

/// A disk whose next writes and syncs fail as a test says.
final class Disk: Sendable {
    let writes = Lock<[Result<Int, FaultErrno>]>([])
    let syncs = Lock<[Int32]>([])

    var options: JournalOptions {
        var options = JournalOptions()
        options.faults = JournalFaults(
            write: { octets in
                self.writes.withLock { $0.isEmpty ? .success(octets) : $0.removeFirst() }
            },
            sync: { self.syncs.withLock { $0.isEmpty ? 0 : $0.removeFirst() } }
        )
        return options
    }
}
