// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// How far the files of a trace have been read: `transport-1.log=4096,transport-2.log=0`.
///
/// A file that it does not name is read from its beginning.
package struct TraceCursor: Sendable, Hashable, CustomStringConvertible {
    fileprivate(set) var offsets: [String: Int64] = [:]

    /// The beginning.
    package init() {}

    /// `nil` for what is none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumOctets else { return nil }
        for part in text.split(separator: ",") {
            let words = part.split(separator: "=", omittingEmptySubsequences: false)
            guard words.count == 2, !words[0].isEmpty, let offset = Int64(words[1]), offset >= 0 else { return nil }
            offsets[String(words[0])] = offset
        }
    }

    /// Of as many processes as one machine has.
    private static let maximumOctets = 64 << 10

    package var description: String {
        offsets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
}

extension TraceFolder {
    /// Some whole lines of what a trace has, of all processes, and behind which the next ones begin; none at the end.
    ///
    /// Lines of one process stay in the order in which they were written, except that those of one page are sorted by
    /// their times. Memory is bounded by `maximum` and a window for each file, however large the trace is.
    ///
    /// - Parameter maximum: octets, which the last line may exceed.
    package func page(of id: String, after cursor: TraceCursor, maximum: Int) -> (octets: [UInt8], next: TraceCursor) {
        var next = cursor
        var files = logs(id).compactMap { name -> TraceLines? in
            let key = String(name.dropFirst(id.utf8.count + 1))
            return TraceLines("\(path)/\(name)", key: key, from: cursor.offsets[key] ?? 0)
        }
        defer { for file in files { file.close() } }
        var lines: [[UInt8]] = []
        var octets = 0
        while octets < maximum {
            var first: Int?
            for index in files.indices {
                guard let line = files[index].line else { continue }
                if let best = first.flatMap({ files[$0].line }), !Self.precedes(line, best) { continue }
                first = index
            }
            guard let first, let line = files[first].line else { break }
            lines.append(line)
            octets += line.count + 1
            files[first].advance()
            next.offsets[files[first].key] = files[first].offset
        }
        let sorted = lines.enumerated().sorted { a, b in
            Self.precedes(a.element, b.element) || (!Self.precedes(b.element, a.element) && a.offset < b.offset)
        }
        return (Array(sorted.map { $0.element + [ASCII.lf] }.joined()), next)
    }

    /// Each line begins with its time.
    private static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.prefix(27).lexicographicallyPrecedes(b.prefix(27))
    }
}

/// The lines of one file, one after the other, through a window.
private struct TraceLines {
    let key: String
    /// Where the line that is looked at begins.
    private(set) var offset: Int64
    /// Without its line end; `nil` at the end, and where a line is not yet whole.
    private(set) var line: [UInt8]?
    private let descriptor: Int32
    private var window: [UInt8] = []
    private var start = 0

    private static let piece = 64 << 10
    /// Longer ones than any process writes are cut.
    private static let maximumLine = 1 << 20

    init?(_ path: String, key: String, from offset: Int64) {
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        self.key = key
        self.offset = offset
        find()
    }

    func close() { _ = Glibc.close(descriptor) }

    mutating func advance() {
        guard let line else { return }
        step(over: line.count)
        find()
    }

    private mutating func step(over count: Int) {
        let isEnded = start + count < window.count && window[start + count] == ASCII.lf
        start += count + (isEnded ? 1 : 0)
        offset += Int64(count + (isEnded ? 1 : 0))
    }

    /// Looks for the next line that is not empty.
    private mutating func find() {
        line = nil
        var scanned = start
        while true {
            if let end = window[scanned...].firstIndex(of: ASCII.lf) {
                guard end > start else {
                    step(over: 0)
                    scanned = start
                    continue
                }
                line = Array(window[start..<end])
                return
            }
            if window.count - start >= Self.maximumLine {
                line = Array(window[start..<(start + Self.maximumLine)])
                return
            }
            scanned = window.count - start
            window.removeFirst(start)
            start = 0
            guard fill() else { return }
        }
    }

    private mutating func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: Self.piece)
        while true {
            let count = unsafe pread(descriptor, &piece, piece.count, off_t(offset) + off_t(window.count))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            window += piece[..<count]
            return true
        }
    }
}
