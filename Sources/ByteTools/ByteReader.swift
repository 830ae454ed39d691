// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a `ByteReader` met: fewer bytes than a field needs, or a length no field may have.
public struct ByteReaderError: Error, Equatable {
    /// Offset at which the field begins.
    public var offset: Int

    /// For decoders built upon a reader, which find what the reader cannot know to be wrong.
    public init(offset: Int) { self.offset = offset }
}

/// Reads little-endian binary layouts from bytes that may be damaged: every read is checked, none can trap.
public struct ByteReader: Sendable {
    /// All of them, those already read too.
    public let bytes: [UInt8]
    @usableFromInline internal var position: Int

    /// Begins at `offset`, which is held within the bytes: behind their end there is nothing to read.
    public init(_ bytes: [UInt8], at offset: Int = 0) {
        self.bytes = bytes
        position = max(0, min(offset, bytes.count))
    }

    /// Of the next field.
    public var offset: Int { position }
    /// How many bytes are left to read.
    public var remaining: Int { bytes.count - position }

    /// Passes over bytes.
    ///
    /// Throws, and stays where it is, when fewer than `count` are left or `count` is negative.
    public mutating func skip(_ count: Int) throws(ByteReaderError) {
        guard count >= 0, count <= remaining else { throw ByteReaderError(offset: position) }
        position += count
    }

    /// The next `count` bytes, uncopied: their indices are offsets in `bytes`.
    ///
    /// Throws, and stays where it is, when fewer are left or `count` is negative.
    public mutating func take(_ count: Int) throws(ByteReaderError) -> ArraySlice<UInt8> {
        let start = position
        try skip(count)
        return bytes[start..<position]
    }

    /// Inlinable, because a generic function that is called from another module costs a hundred times what it does.
    @inlinable
    public mutating func integer<I: FixedWidthInteger & BitwiseCopyable>(
        _ type: I.Type = I.self
    ) throws(ByteReaderError) -> I {
        let start = position
        let size = MemoryLayout<I>.size
        guard size <= bytes.count - start else { throw ByteReaderError(offset: start) }
        position = start + size
        let value = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: start, as: I.self) }
        return I(littleEndian: value)
    }

    /// An unsigned LEB128 number of at most 64 bits.
    public mutating func variableInteger() throws(ByteReaderError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let octet: UInt8 = try integer()
            guard shift < 63 || (shift == 63 && octet <= 1) else { throw ByteReaderError(offset: start) }
            value |= UInt64(octet & 0x7F) << shift
            if octet & 0x80 == 0 { return value }
            shift += 7
        }
    }

    /// A length of at most `maximum` as LEB128, then that many bytes.
    public mutating func counted(maximum: Int = .max) throws(ByteReaderError) -> ArraySlice<UInt8> {
        let start = position
        let length = try variableInteger()
        guard let count = Int(exactly: length), count <= maximum else { throw ByteReaderError(offset: start) }
        return try take(count)
    }

    /// As `counted`, read as UTF-8 (ill-formed sequences become U+FFFD).
    public mutating func string(maximum: Int = .max) throws(ByteReaderError) -> String {
        String(decoding: try counted(maximum: maximum), as: UTF8.self)
    }
}

/// Writes what `ByteReader` reads.
public struct ByteWriter: Sendable {
    /// What was written so far, and may be changed, as where a length becomes known late.
    public var bytes: [UInt8]

    /// Begins empty, with room for `capacity` bytes; more are taken as needed.
    public init(reserving capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends all octets of the value's type, the lowest first.
    ///
    /// Inlinable for the reason that the reader's is.
    @inlinable
    public mutating func integer(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends unsigned LEB128: seven bits an octet, the lowest first; 1 to 10 octets.
    public mutating func variableInteger(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends the length as LEB128, then the octets.
    public mutating func counted(_ field: some Collection<UInt8>) {
        variableInteger(UInt64(field.count))
        bytes.append(contentsOf: field)
    }

    /// Appends the text's UTF-8 as `counted` does.
    public mutating func string(_ text: String) { counted(Array(text.utf8)) }
}
