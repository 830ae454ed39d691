// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads the tokens of one frame, left to right.
///
/// The frame is a command or response without its final CRLF; literals stand in it as on the wire (`{5}` CRLF and five
/// octets).
package struct WireScanner: Sendable {
    package let bytes: [UInt8]
    package private(set) var offset: Int
    package let textForm: TextForm
    /// Whether what the grammar leaves open to extensions, and to servers, is taken too.
    package let takesExtensions: Bool

    package init(
        _ bytes: [UInt8],
        at offset: Int = 0,
        textForm: TextForm = .modifiedUTF7,
        takesExtensions: Bool = false
    ) {
        self.bytes = bytes
        self.textForm = textForm
        self.takesExtensions = takesExtensions
        self.offset = max(0, min(offset, bytes.count))
    }

    package var isAtEnd: Bool { offset >= bytes.count }

    /// The octet `ahead` of the next one, if there is one.
    package func peek(_ ahead: Int = 0) -> UInt8? {
        let (index, overflow) = offset.addingReportingOverflow(ahead)
        return !overflow && index >= 0 && index < bytes.count ? bytes[index] : nil
    }

    package func failure(_ expected: String, at place: Int? = nil) -> IMAPSyntaxError {
        IMAPSyntaxError(offset: place ?? offset, expected: expected)
    }

    /// Passes over `octet` if it is next.
    package mutating func accept(_ octet: UInt8) -> Bool {
        guard peek() == octet else { return false }
        offset += 1
        return true
    }

    package mutating func expect(_ octet: UInt8, _ expected: String) throws(IMAPSyntaxError) {
        guard accept(octet) else { throw failure(expected) }
    }

    package mutating func space() throws(IMAPSyntaxError) { try expect(ASCII.space, "a space") }
    package mutating func open() throws(IMAPSyntaxError) { try expect(0x28, "\"(\"") }
    package mutating func close() throws(IMAPSyntaxError) { try expect(0x29, "\")\"") }

    package func end(_ expected: String = "the end of the line") throws(IMAPSyntaxError) {
        guard isAtEnd else { throw failure(expected) }
    }

    /// The octets from here on that are all of `characters`; may be none.
    package mutating func run(of characters: CharacterClass, maximum: Int = .max) -> ArraySlice<UInt8> {
        let start = offset
        while offset < bytes.count, offset - start < maximum,
            !CharacterClass.of(bytes[offset]).isDisjoint(with: characters)
        {
            offset += 1
        }
        return bytes[start..<offset]
    }

    /// The next `count` octets, if there are so many.
    package mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= bytes.count - offset else { return nil }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Passes over `word` (upper case) if it is next, in any case, and no atom character follows it.
    package mutating func acceptWord(_ word: StaticString) -> Bool {
        guard isNext(word) else { return false }
        let after = peek(word.utf8CodeUnitCount)
        guard after.map({ CharacterClass.of($0).isDisjoint(with: .atom) }) ?? true else { return false }
        offset += word.utf8CodeUnitCount
        return true
    }

    /// Passes over `text` (upper case) if it is next, in any case, whatever follows.
    package mutating func acceptPrefix(_ text: StaticString) -> Bool {
        guard isNext(text) else { return false }
        offset += text.utf8CodeUnitCount
        return true
    }

    private func isNext(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard count <= bytes.count - offset else { return false }
        return text.withUTF8Buffer { word in
            unsafe zip(bytes[offset..<offset + count], word).allSatisfy { ASCII.upper($0) == $1 }
        }
    }

    /// Goes back to where an earlier copy of this scanner was.
    package mutating func rewind(to place: Int) { offset = max(0, min(place, bytes.count)) }
}
