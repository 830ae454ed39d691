// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// The file `removed`: which segments were removed, as the last record of kind 4 says it, so that this does not stand on
/// one record alone.
///
/// What either of them names was removed, for no number is used again. Written in place, and never made shorter: so it
/// takes no room of a full disk.
struct RemovedFile: Sendable {
    static let name = "removed"
    private static let magic: UInt64 = 0x314D_4552_4C54_524D
    private static let headOctets = 28
    /// The file has so many octets from the beginning.
    private static let leastOctets = 4096
    private let path: String
    private let identity: JournalIdentity

    init(_ directory: String, _ identity: JournalIdentity) {
        path = "\(directory)/\(Self.name)"
        self.identity = identity
    }

    /// `nil` when it is missing or does not verify.
    ///
    /// Blocks.
    func load() -> RemovedSegments? {
        WholeFile.contents(path, maximum: 1 << 24).flatMap { Self.decode($0, identity) }
    }

    /// False when it could not be written.
    ///
    /// With `durable`, it is on disk then. Blocks.
    @discardableResult
    func save(_ removed: RemovedSegments, durable: Bool = false) -> Bool {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return WholeFile.writeAll(encode(removed), to: descriptor) && (!durable || fsync(descriptor) == 0)
    }

    func encode(_ removed: RemovedSegments) -> [UInt8] {
        var writer = ByteWriter(reserving: max(Self.leastOctets, Self.headOctets + removed.octets + 4))
        writer.integer(Self.magic)
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(UInt32(removed.octets / RemovedSegments.rangeOctets))
        writer.bytes += removed.encode()
        writer.integer(CRC32C.of(writer.bytes))
        writer.bytes += repeatElement(0, count: max(0, Self.leastOctets - writer.bytes.count))
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8], _ identity: JournalIdentity) -> RemovedSegments? {
        var reader = ByteReader(bytes)
        guard (try? reader.integer(UInt64.self)) == magic, (try? reader.integer(UInt64.self)) == identity.high,
            (try? reader.integer(UInt64.self)) == identity.low, let count = try? reader.integer(UInt32.self),
            Int(count) <= reader.remaining / RemovedSegments.rangeOctets
        else { return nil }
        let end = headOctets + Int(count) * RemovedSegments.rangeOctets
        let sum = unsafe CRC32C.of(bytes.span.bytes.extracting(0..<end))
        guard (try? reader.skip(end - headOctets)) != nil, (try? reader.integer(UInt32.self)) == sum else { return nil }
        return RemovedSegments(Array(bytes[headOctets..<end]))
    }
}
