// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Encoded-words (RFC 2047) in header text, decoded for people and for search.
///
/// Never used for what goes out by IMAP.
package enum EncodedWord {
    /// The text of an unfolded value: encoded-words decoded, blanks between two of them dropped, other octets taken as
    /// UTF-8 (RFC 6532) or, where they are not, as windows-1252.
    ///
    /// What is not an encoded-word stays as it is.
    package static func decode(_ value: [UInt8]) -> String { read(value).text }

    /// The same, with the octets that it was read from.
    package static func read(_ value: [UInt8]) -> DecodedText {
        var result = DecodedText()
        guard hasMark(value) else {
            if !value.isEmpty { result.add(value, charset: []) }
            return result
        }
        var plain: [UInt8] = []
        var run: Run?
        var index = 0
        while index < value.count {
            if value[index] == UInt8(ascii: "="), let (word, end) = word(at: index, in: value) {
                if run == nil || !plain.allSatisfy(FieldScanner.isWhitespace) {
                    finish(&run, &result)
                    finish(&plain, &result)
                }
                plain = []
                if let same = run, same.charset.elementsEqual(word.charset) {
                    run?.octets += word.octets
                } else {
                    finish(&run, &result)
                    run = word
                }
                index = end
            } else {
                plain.append(value[index])
                index += 1
            }
        }
        finish(&run, &result)
        finish(&plain, &result)
        return result
    }

    /// Whether a value is ASCII without encoded-words: then it is its own text.
    static func isPlain(_ value: [UInt8]) -> Bool { value.allSatisfy { $0 < 0x80 } && !hasMark(value) }

    /// Most values have no encoded-word; that is known before anything is taken apart.
    private static func hasMark(_ value: [UInt8]) -> Bool {
        value.withView { view in
            var from = 0
            while let mark = view.firstIndex(of: UInt8(ascii: "="), in: from..<view.count) {
                if view[mark + 1] == question { return true }
                from = mark + 1
            }
            return false
        }
    }

    /// Adjacent encoded-words of one charset: senders cut characters in two between them.
    private struct Run {
        var charset: [UInt8]
        var octets: [UInt8]
    }

    private static func finish(_ run: inout Run?, _ result: inout DecodedText) {
        if let run { result.add(run.octets, charset: run.charset) }
        run = nil
    }

    private static func finish(_ plain: inout [UInt8], _ result: inout DecodedText) {
        if !plain.isEmpty { result.add(plain, charset: []) }
        plain = []
    }

    /// RFC 2047 §2 allows 75; mailers exceed it.
    ///
    /// The bound keeps the search for the end linear.
    private static let maximumOctets = 1_000

    // encoded-word = "=?" charset "?" encoding "?" encoded-text "?="    RFC 2047 §2; charset*language RFC 2231 §5
    private static func word(at start: Int, in value: [UInt8]) -> (Run, end: Int)? {
        let limit = min(value.count, start + maximumOctets)
        guard start + 1 < limit, value[start + 1] == question,
            let charsetEnd = value[(start + 2)..<limit].firstIndex(of: question),
            charsetEnd > start + 2, charsetEnd + 3 < limit, value[charsetEnd + 2] == question,
            !value[(start + 2)..<charsetEnd].contains(where: FieldScanner.isWhitespace)
        else { return nil }
        let textStart = charsetEnd + 3
        guard let textEnd = endOfText(from: textStart, limit: limit, in: value) else { return nil }
        var charset = Array(value[(start + 2)..<charsetEnd])
        if let language = charset.firstIndex(of: UInt8(ascii: "*")) { charset.removeSubrange(language...) }
        let encoded = value[textStart..<textEnd]
        switch ASCII.lower(value[charsetEnd + 1]) {
        case UInt8(ascii: "b"):
            return (Run(charset: charset, octets: Base64Decoder.decode(Array(encoded))), textEnd + 2)
        case UInt8(ascii: "q"):
            return (Run(charset: charset, octets: qDecoded(encoded)), textEnd + 2)
        default: return nil
        }
    }

    private static let question = UInt8(ascii: "?")

    private static func endOfText(from start: Int, limit: Int, in value: [UInt8]) -> Int? {
        var index = start
        while index + 1 < limit {
            if value[index] == question, value[index + 1] == UInt8(ascii: "=") { return index }
            index += 1
        }
        return nil
    }

    // RFC 2047 §4.2
    private static func qDecoded(_ encoded: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        var index = encoded.startIndex
        while index < encoded.endIndex {
            let octet = encoded[index]
            if octet == UInt8(ascii: "="), encoded.endIndex - index > 2,
                let high = Hex.value(of: encoded[index + 1]), let low = Hex.value(of: encoded[index + 2])
            {
                octets.append(high << 4 | low)
                index += 3
            } else {
                octets.append(octet == UInt8(ascii: "_") ? ASCII.space : octet)
                index += 1
            }
        }
        return octets
    }
}
