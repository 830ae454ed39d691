// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Bounds-checked reading of foreign bytes that stay where they are: an array, a span, a mapped file.
///
/// Safe because every access is checked against `count`, and because a view never outlives the call of `withView` that
/// made it: no type that is handed out stores one.
@safe
struct ByteView {
    private let base: UnsafeRawBufferPointer
    let count: Int

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe base = bytes
        count = bytes.count
    }

    /// The octet at `index`, or `nil` outside the view.
    subscript(index: Int) -> UInt8? {
        guard index >= 0, index < count else { return nil }
        return unsafe base[index]
    }

    /// The first offset in `range` (cut to the view) that holds `octet`.
    ///
    /// As fast as `memchr`.
    func firstIndex(of octet: UInt8, in range: Range<Int>) -> Int? {
        let range = range.clamped(to: 0..<count)
        guard !range.isEmpty, let start = unsafe base.baseAddress,
            let found = unsafe memchr(start + range.lowerBound, Int32(octet), range.count)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - start
    }

    /// Whether an octet in `range` (cut to the view) is above 127.
    func hasEightBit(in range: Range<Int>) -> Bool {
        let range = range.clamped(to: 0..<count)
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            let word = unsafe base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if word & 0x8080_8080_8080_8080 != 0 { return true }
            index += 8
        }
        while index < range.upperBound {
            if unsafe base[index] > 0x7F { return true }
            index += 1
        }
        return false
    }

    func contains(_ octets: [UInt8], at offset: Int) -> Bool {
        guard offset >= 0, offset <= count, octets.count <= count - offset else { return false }
        guard let start = unsafe base.baseAddress else { return octets.isEmpty }
        return unsafe octets.withUnsafeBytes { other in
            guard let first = other.baseAddress else { return true }
            return unsafe memcmp(start + offset, first, other.count) == 0
        }
    }

    func copy(_ range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<count)
        return unsafe Array(base[range])
    }

    /// The line that begins at `start`: `end` is where its text ends, before LF or CRLF; `next` where the next begins.
    ///
    /// A CR without LF does not end a line.
    func line(at start: Int) -> (end: Int, next: Int, terminated: Bool) {
        guard let lf = firstIndex(of: 0x0A, in: start..<max(start, count)) else { return (count, count, false) }
        return (lf > start && self[lf - 1] == 0x0D ? lf - 1 : lf, lf + 1, true)
    }
}

extension RawSpan {
    /// Lends the bytes as a view for the length of one call.
    func withView<R, E: Error>(_ body: (ByteView) throws(E) -> R) throws(E) -> R {
        try unsafe withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(E) -> R in try body(unsafe ByteView(bytes))
        }
    }
}

extension [UInt8] {
    func withView<R, E: Error>(_ body: (ByteView) throws(E) -> R) throws(E) -> R {
        let result: Result<R, E> = unsafe withUnsafeBytes { bytes in
            do throws(E) { return .success(try body(unsafe ByteView(bytes))) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
