// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// A piece of the body of a long operation: a JSON object on a line, and after it as many octets as its member
/// `octets` says.
///
/// Progress, results and messages travel so, in both directions (docs/admin-api.md, "Long operations").
package enum AdminItem: Sendable, Equatable {
    /// The object, and how many octets follow.
    case head(JSONValue, octets: UInt64)
    /// Some of the octets that follow the last head, at least one.
    case octets([UInt8])

    /// The line that announces an item.
    package static func line(_ head: JSONValue) -> [UInt8] { head.encoded + [ASCII.lf] }
}

/// Takes a stream of items apart, in whatever pieces it comes.
///
/// Any octets may be given.
package struct AdminItemDecoder: Sendable {
    /// Longest line of an object.
    package static let maximumLineOctets = 1 << 20
    /// No message is larger.
    package static let maximumOctets: UInt64 = 1 << 40

    private var buffer: [UInt8] = []
    private var start = 0
    /// Up to where no LF was found.
    private var scanned = 0
    private var following: UInt64 = 0

    package init() {}

    /// Whether the stream may end here.
    package var isComplete: Bool { start == buffer.count && following == 0 }

    package mutating func add(_ bytes: [UInt8]) {
        if start == buffer.count {
            (buffer, start, scanned) = (bytes, 0, 0)
        } else {
            if start > 1 << 16 {
                buffer.removeFirst(start)
                (start, scanned) = (0, scanned - start)
            }
            buffer += bytes
        }
    }

    /// The next item; `nil` when more octets are needed.
    package mutating func next() throws(AdminError) -> AdminItem? {
        if following > 0 { return takeOctets() }
        while let line = try takeLine() {
            // An empty line is a sign of life.
            guard !line.isEmpty else { continue }
            var limits = JSONLimits()
            limits.octets = Self.maximumLineOctets
            let head: JSONValue
            do throws(JSONError) { head = try JSONValue(parsing: line, limits: limits) } catch {
                throw AdminError(.badRequest, "The stream is malformed: \(error).")
            }
            following = try Self.octets(after: head)
            return .head(head, octets: following)
        }
        return nil
    }

    private static func octets(after head: JSONValue) throws(AdminError) -> UInt64 {
        guard let member = head["octets"] else { return 0 }
        guard let count = member.integer, count >= 0, count <= Int64(maximumOctets) else {
            throw AdminError(.badRequest, "The stream is malformed: \"octets\" is no size.")
        }
        return UInt64(count)
    }

    private mutating func takeOctets() -> AdminItem? {
        let count = min(UInt64(buffer.count - start), following)
        guard count > 0 else { return nil }
        let taken = Array(buffer[start..<(start + Int(count))])
        start += Int(count)
        scanned = start
        following -= count
        return .octets(taken)
    }

    private mutating func takeLine() throws(AdminError) -> [UInt8]? {
        guard let end = buffer[max(scanned, start)...].firstIndex(of: ASCII.lf) else {
            scanned = buffer.count
            guard buffer.count - start <= Self.maximumLineOctets else {
                throw AdminError(.badRequest, "The stream is malformed: a line is too long.")
            }
            return nil
        }
        defer { (start, scanned) = (end + 1, end + 1) }
        return Array(buffer[start..<end])
    }
}
