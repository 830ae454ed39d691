// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// Two files, `heads.a` and `heads.b`, written in turn: the last record of every stream, and the position from which
/// recovery has to look for later ones.
///
/// Derived: when both are damaged, recovery reads all segments instead.
struct HeadsCheckpoint: Sendable {
    struct Contents: Sendable, Hashable {
        /// Everything before this is in `heads`.
        var from: RecordPosition
        /// The last record before `from`: it must still end there, or the segments are not those that were read.
        var last: RecordPosition
        var heads: [UInt64: RecordPosition]

        /// Nothing else is written: recovery begins where the last record ends, or with the segment after it.
        var isPossible: Bool {
            guard from.segment != last.segment else { return from.offset > last.offset }
            return last.segment < .max && from == RecordPosition(segment: last.segment + 1, offset: 0)
        }
    }

    private static let magic: UInt64 = 0x3144_4145_4C54_524D
    private static let names = ["heads.a", "heads.b"]
    let directory: String
    let identity: JournalIdentity
    private var turn = false

    init(directory: String, identity: JournalIdentity) {
        self.directory = directory
        self.identity = identity
    }

    /// Writes the file whose turn it is.
    ///
    /// Failure costs time at the next start, nothing else.
    mutating func save(_ heads: [UInt64: RecordPosition], last: RecordPosition, upTo from: RecordPosition) {
        let path = "\(directory)/heads.\(turn ? "b" : "a")"
        if WholeFile.replace(path, with: Self.encode(Contents(from: from, last: last, heads: heads), identity)) {
            turn.toggle()
        }
    }

    /// Those that are whole.
    func all() -> [Contents] {
        Self.names.compactMap { name in
            WholeFile.contents("\(directory)/\(name)").flatMap { Self.decode($0, identity) }
        }
    }

    /// The files that are there and cannot be used.
    ///
    /// Blocks.
    static func damaged(in directory: String, _ identity: JournalIdentity) -> [String] {
        names.filter { name in
            WholeFile.contents("\(directory)/\(name)").map { decode($0, identity) == nil } ?? false
        }
    }

    /// The identity in the first file that is whole.
    ///
    /// Blocks.
    static func identity(in directory: String) -> JournalIdentity? {
        for name in names {
            guard let bytes = WholeFile.contents("\(directory)/\(name)"), bytes.count >= 60 else { continue }
            let head = unsafe bytes.span.bytes
            let identity = JournalIdentity(high: head.littleEndian64(at: 8), low: head.littleEndian64(at: 16))
            if decode(bytes, identity) != nil { return identity }
        }
        return nil
    }

    static func encode(_ contents: Contents, _ identity: JournalIdentity) -> [UInt8] {
        var writer = ByteWriter(reserving: 64 + contents.heads.count * 20)
        writer.integer(magic)
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(contents.from.segment)
        writer.integer(contents.from.offset)
        writer.integer(contents.last.segment)
        writer.integer(contents.last.offset)
        writer.integer(UInt64(contents.heads.count))
        for (stream, position) in contents.heads {
            writer.integer(stream)
            writer.integer(position.segment)
            writer.integer(position.offset)
        }
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    private static func isWhole(_ bytes: RawSpan) -> Bool {
        bytes.littleEndian32(at: bytes.byteCount - 4) == CRC32C.of(bytes.extracting(0..<(bytes.byteCount - 4)))
    }

    static func decode(_ bytes: [UInt8], _ identity: JournalIdentity) -> Contents? {
        guard bytes.count >= 60, unsafe isWhole(bytes.span.bytes) else { return nil }
        var reader = ByteReader(bytes)
        do throws(ByteReaderError) {
            guard try reader.integer(UInt64.self) == magic, try reader.integer(UInt64.self) == identity.high,
                try reader.integer(UInt64.self) == identity.low
            else { return nil }
            let from = RecordPosition(segment: try reader.integer(), offset: try reader.integer())
            let last = RecordPosition(segment: try reader.integer(), offset: try reader.integer())
            let count = try reader.integer(UInt64.self)
            guard count <= UInt64(reader.remaining / 20) else { return nil }
            var heads: [UInt64: RecordPosition] = [:]
            heads.reserveCapacity(Int(count))
            for _ in 0..<count {
                let stream: UInt64 = try reader.integer()
                heads[stream] = RecordPosition(segment: try reader.integer(), offset: try reader.integer())
            }
            return Contents(from: from, last: last, heads: heads)
        } catch {
            return nil
        }
    }
}
