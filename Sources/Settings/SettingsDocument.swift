// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// `martlet.conf` as lines, each kept byte for byte: what is not edited comes out as it went in.
///
/// A line is blank, a comment (`#` first), or `path = value`. A value ends at a blank followed by `#`, or stands in
/// quotation marks with `\"` and `\\` within. Lines end with LF or CRLF.
package struct SettingsDocument: Sendable, Equatable {
    /// Longest line that is read as an assignment.
    package static let maximumLineOctets = 8192

    /// `path = value` as written.
    package struct Assignment: Sendable, Equatable {
        /// From 1.
        package var line: Int
        package var key: String
        package var value: String
    }

    /// A line that is none of the three kinds.
    package struct Fault: Sendable, Equatable {
        package var line: Int
        package var reason: String

        package init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    private enum Content: Sendable, Equatable {
        case nothing
        /// `value` is the range of the value within the line, quotation marks included.
        case assignment(key: String, text: String, value: Range<Int>)
        case fault(String)
    }

    private struct Line: Sendable, Equatable {
        /// With its line end, if it has one.
        var bytes: [UInt8]
        var content: Content
    }

    private var lines: [Line]

    package init(_ bytes: [UInt8] = []) {
        var rest = bytes[...]
        lines = []
        while !rest.isEmpty {
            let end = rest.firstIndex(of: ASCII.lf).map { $0 + 1 } ?? rest.endIndex
            lines.append(Self.line(Array(rest[rest.startIndex..<end])))
            rest = rest[end...]
        }
    }

    /// The document's octets.
    package var bytes: [UInt8] { lines.flatMap(\.bytes) }

    package var assignments: [Assignment] {
        lines.enumerated().compactMap { index, line in
            guard case .assignment(let key, let text, _) = line.content else { return nil }
            return Assignment(line: index + 1, key: key, value: text)
        }
    }

    package var faults: [Fault] {
        lines.enumerated().compactMap { index, line in
            guard case .fault(let reason) = line.content else { return nil }
            return Fault(line: index + 1, reason: reason)
        }
    }
}

// MARK: Editing

extension SettingsDocument {
    /// Gives the last line whose key `matches` the new value; without one, adds `key = value` after the last line of
    /// the same service, or at the end.
    ///
    /// `text` must be one that `canHold`.
    package mutating func set(_ key: String, to text: String, where matches: (String) -> Bool) {
        let written = Self.written(text)
        if let index = indices(where: matches).last, case .assignment(_, _, let value) = lines[index].content {
            var bytes = lines[index].bytes
            let needsBlank = value.isEmpty && !ASCII.isBlank(bytes[value.lowerBound - 1])
            bytes.replaceSubrange(value, with: needsBlank ? [ASCII.space] + written : written)
            lines[index] = Self.line(bytes)
            return
        }
        let service = SettingsTree.divide(key).service
        let neighbour = indices { SettingsTree.divide($0).service == service }.last
        let position = neighbour.map { $0 + 1 } ?? lines.count
        let lineEnd =
            lines.contains { $0.bytes.suffix(2) == [ASCII.cr, ASCII.lf] } ? [ASCII.cr, ASCII.lf] : [ASCII.lf]
        if position > 0, lines[position - 1].bytes.last != ASCII.lf { lines[position - 1].bytes += lineEnd }
        lines.insert(Self.line(Array("\(key) = ".utf8) + written + lineEnd), at: position)
    }

    /// Takes out every line whose key `matches`; whether there was one.
    package mutating func unset(where matches: (String) -> Bool) -> Bool {
        let doomed = Set(indices(where: matches))
        lines = lines.enumerated().filter { !doomed.contains($0.offset) }.map(\.element)
        return !doomed.isEmpty
    }

    /// Whether a line can carry this text.
    package static func canHold(_ text: String) -> Bool {
        text.utf8.count <= maximumLineOctets / 4 && !text.utf8.contains { $0 != ASCII.tab && ASCII.isControl($0) }
    }

    private func indices(where matches: (String) -> Bool) -> [Int] {
        lines.indices.filter { index in
            guard case .assignment(let key, _, _) = lines[index].content else { return false }
            return matches(key)
        }
    }

    private static func written(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard
            line(Array("a/b = ".utf8) + bytes).content
                != .assignment(key: "a/b", text: text, value: 6..<6 + bytes.count)
        else { return bytes }
        return [ASCII.quote]
            + bytes.flatMap { $0 == ASCII.quote || $0 == ASCII.backslash ? [ASCII.backslash, $0] : [$0] }
            + [ASCII.quote]
    }
}

// MARK: Reading

extension SettingsDocument {
    private static func line(_ bytes: [UInt8]) -> Line { Line(bytes: bytes, content: content(of: bytes)) }

    private static func content(of bytes: [UInt8]) -> Content {
        var range = trimmed(bytes, 0..<bytes.count)
        if bytes[range].starts(with: [0xEF, 0xBB, 0xBF]) {
            range = trimmed(bytes, range.lowerBound + 3..<range.upperBound)
        }
        guard let first = bytes[range].first, first != UInt8(ascii: "#") else { return .nothing }
        guard bytes.count <= maximumLineOctets else { return .fault("longer than \(maximumLineOctets) octets") }
        guard !bytes[range].contains(where: { $0 != ASCII.tab && ASCII.isControl($0) }) else {
            return .fault("holds a control character")
        }
        guard let equals = bytes[range].firstIndex(of: UInt8(ascii: "=")) else {
            return .fault("not of the form \"path = value\"")
        }
        let keyRange = trimmed(bytes, range.lowerBound..<equals)
        guard let key = String(validating: bytes[keyRange], as: UTF8.self), !key.isEmpty,
            !key.utf8.contains(where: ASCII.isBlank)
        else { return .fault("the part before \"=\" is not a path") }
        return value(in: bytes, trimmed(bytes, equals + 1..<range.upperBound), key: key)
    }

    private static func value(in bytes: [UInt8], _ range: Range<Int>, key: String) -> Content {
        if bytes[range].first == ASCII.quote { return quotedValue(in: bytes, range, key: key) }
        var end = range.upperBound
        for index in range where bytes[index] == UInt8(ascii: "#") && (index == 0 || ASCII.isBlank(bytes[index - 1])) {
            end = index
            break
        }
        let value = trimmed(bytes, range.lowerBound..<end)
        guard let text = String(validating: bytes[value], as: UTF8.self) else { return .fault("not UTF-8") }
        return .assignment(key: key, text: text, value: value)
    }

    private static func quotedValue(in bytes: [UInt8], _ range: Range<Int>, key: String) -> Content {
        var text: [UInt8] = []
        var index = range.lowerBound + 1
        while index < range.upperBound, bytes[index] != ASCII.quote {
            if bytes[index] == ASCII.backslash { index += 1 }
            guard index < range.upperBound else { break }
            text.append(bytes[index])
            index += 1
        }
        guard index < range.upperBound else { return .fault("the closing quotation mark is missing") }
        let rest = trimmed(bytes, index + 1..<range.upperBound)
        guard rest.isEmpty || bytes[rest.lowerBound] == UInt8(ascii: "#") else {
            return .fault("there is something after the closing quotation mark")
        }
        guard let valid = String(validating: text, as: UTF8.self) else { return .fault("not UTF-8") }
        return .assignment(key: key, text: valid, value: range.lowerBound..<index + 1)
    }

    /// The range without blanks and line ends at both of its ends.
    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        func isEdge(_ octet: UInt8) -> Bool { ASCII.isBlank(octet) || octet == ASCII.cr || octet == ASCII.lf }
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, isEdge(bytes[start]) { start += 1 }
        while end > start, isEdge(bytes[end - 1]) { end -= 1 }
        return start..<end
    }
}
