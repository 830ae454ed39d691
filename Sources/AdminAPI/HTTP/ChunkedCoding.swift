// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Takes apart a body of unknown length (RFC 9112 §7.1), in whatever pieces it comes.
///
/// Any octets may be given.
package struct ChunkedDecoder: Sendable {
    private enum State {
        case size
        case data
        case dataEnd
        case trailer
        case done
    }

    /// A line of a chunk's size, with the extensions that are ignored, or of the trailer.
    private static let maximumLineOctets = 4096
    private static let maximumTrailerLines = 16

    private var state = State.size
    private var line: [UInt8] = []
    private var rest: UInt64 = 0
    private var trailerLines = 0

    package init() {}

    /// Whether the last chunk has come.
    package var isDone: Bool { state == .done }

    /// The data in `bytes`; `nil` when they are no chunked body.
    ///
    /// What follows the body is dropped.
    package mutating func decode(_ bytes: [UInt8]) -> [UInt8]? {
        var data: [UInt8] = []
        var input = bytes[...]
        while !input.isEmpty, state != .done {
            if state == .data {
                let count = Int(min(rest, UInt64(input.count)))
                data += input.prefix(count)
                input = input.dropFirst(count)
                rest -= UInt64(count)
                if rest == 0 { state = .dataEnd }
                continue
            }
            guard let end = input.firstIndex(of: ASCII.lf) else {
                line += input
                return line.count <= Self.maximumLineOctets ? data : nil
            }
            line += input[..<end]
            input = input[(end + 1)...]
            guard line.count <= Self.maximumLineOctets, line.popLast() == ASCII.cr, take() else { return nil }
            line = []
        }
        return data
    }

    /// Takes a whole line; false when it may not stand there.
    private mutating func take() -> Bool {
        switch state {
        case .size:
            // chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF    RFC 9112 §7.1
            let digits = line.prefix { $0 != UInt8(ascii: ";") && !ASCII.isBlank($0) }
            guard (1...15).contains(digits.count) else { return false }
            rest = 0
            for digit in digits {
                guard let value = Hex.value(of: digit) else { return false }
                rest = rest << 4 | UInt64(value)
            }
            state = rest == 0 ? .trailer : .data
        case .dataEnd:
            guard line.isEmpty else { return false }
            state = .size
        case .trailer:
            trailerLines += 1
            guard trailerLines <= Self.maximumTrailerLines else { return false }
            if line.isEmpty { state = .done }
        case .data, .done: return false
        }
        return true
    }
}

/// Puts data into chunks.
package enum ChunkedEncoder {
    /// Ends the body.
    package static let end = Array("0\r\n\r\n".utf8)

    /// One chunk; nothing for no data.
    package static func chunk(_ data: [UInt8]) -> [UInt8] {
        guard !data.isEmpty else { return [] }
        var chunk = Array((String(data.count, radix: 16) + "\r\n").utf8)
        chunk.reserveCapacity(chunk.count + data.count + 2)
        chunk += data
        chunk += [ASCII.cr, ASCII.lf]
        return chunk
    }
}
