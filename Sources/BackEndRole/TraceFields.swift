// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The fields that servers put in front of a message on its way (RFC 5321 §4.4).
enum TraceFields {
    private static let names = ["return-path:", "delivered-to:", "received:"].map { Array($0.utf8) }
    /// No more than so much is looked at: trace fields are few and short.
    private static let limit = 256 << 10

    /// The offset at which the fields end that stand in front; 0 when there are none.
    static func end(in message: RawSpan) -> Int {
        let bound = min(message.byteCount, limit)
        var end = 0
        var lineStart = 0
        while lineStart < bound, belongs(message, lineStart, isFirst: lineStart == 0) {
            guard let next = lineEnd(message, from: lineStart, bound) else { return end }
            lineStart = next
            end = next
        }
        return end
    }

    private static func belongs(_ message: RawSpan, _ start: Int, isFirst: Bool) -> Bool {
        if !isFirst, ASCII.isBlank(octet(message, start)) { return true }
        return names.contains { name in
            message.byteCount - start >= name.count
                && name.indices.allSatisfy { ASCII.lower(octet(message, start + $0)) == name[$0] }
        }
    }

    private static func lineEnd(_ message: RawSpan, from start: Int, _ bound: Int) -> Int? {
        var offset = start
        while offset < bound {
            if octet(message, offset) == ASCII.lf { return offset + 1 }
            offset += 1
        }
        return nil
    }

    private static func octet(_ message: RawSpan, _ offset: Int) -> UInt8 {
        // Bounds are checked by the span itself.
        unsafe message.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
