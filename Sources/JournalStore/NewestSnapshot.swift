// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Journal
internal import Locking
internal import MailStore

/// Which of the records that snapshots of a shard end with lies furthest on: `accounts/newest-00`.
///
/// Such a record is on disk; a start that does not find it knows that the end of the journal is lost, without reading
/// every snapshot. Derived: a damaged or old one tells of less, or of nothing.
final class NewestSnapshot: Sendable {
    private static let magic: UInt32 = 0x3157_534D
    private static let octets = 36
    private let path: String
    private let identity: JournalIdentity
    private let last: Lock<RecordPosition?>

    /// Blocks.
    init(_ directory: String, _ shard: Int, _ identity: JournalIdentity) {
        path = "\(directory)/accounts/newest-\(shard < 10 ? "0" : "")\(shard)"
        self.identity = identity
        last = Lock(WholeFile.head(path, Self.octets).flatMap { Self.decode($0, identity) })
    }

    var position: RecordPosition? { last.withLock { $0 } }

    /// Notes a snapshot that was written.
    ///
    /// Blocks; failure is harmless. What two threads write in the wrong order tells of less.
    func note(_ position: LogPosition) {
        let position = RecordPosition(segment: position.segment, offset: position.offset)
        let isNewest = last.withLock { last in
            guard last.map({ $0 < position }) ?? true else { return false }
            last = position
            return true
        }
        if isNewest { write(encode(position)) }
    }

    /// In place: a power cut may leave the old one, the new one, or one that does not verify.
    private func write(_ bytes: [UInt8]) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    private func encode(_ position: RecordPosition) -> [UInt8] {
        var writer = ByteWriter(reserving: Self.octets)
        writer.integer(Self.magic)
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(position.segment)
        writer.integer(position.offset)
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], _ identity: JournalIdentity) -> RecordPosition? {
        guard bytes.count == octets else { return nil }
        let sum = unsafe CRC32C.of(bytes.span.bytes.extracting(0..<(octets - 4)))
        var reader = ByteReader(bytes)
        guard (try? reader.integer(UInt32.self)) == magic, (try? reader.integer(UInt64.self)) == identity.high,
            (try? reader.integer(UInt64.self)) == identity.low, let segment = try? reader.integer(UInt32.self),
            let offset = try? reader.integer(UInt64.self),
            (try? reader.integer(UInt32.self)) == sum
        else { return nil }
        return RecordPosition(segment: segment, offset: offset)
    }
}
