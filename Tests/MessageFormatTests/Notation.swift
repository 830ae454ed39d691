// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import MessageFormat

/// Octets of a text, and text of octets, for tables.
func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

/// As `octets`, with each line end made CRLF.
func message(_ text: String) -> [UInt8] { Array(text.replacing("\n", with: "\r\n").utf8) }

/// At least `count` times `piece`, by doubling: quick in debug builds too.
func repeating(_ piece: String, _ count: Int) -> [UInt8] {
    var bytes = octets(piece)
    let wanted = bytes.count * count
    while bytes.count < wanted { bytes += bytes }
    return bytes
}

/// Processor time this thread has used, which other work on the machine does not change.
func threadSeconds() -> Double {
    unsafe withUnsafeTemporaryAllocation(of: timespec.self, capacity: 1) { time in
        guard let pointer = time.baseAddress, unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, pointer) == 0 else {
            return 0
        }
        let seconds = unsafe UnsafeRawPointer(pointer).loadUnaligned(as: Int.self)
        let nanoseconds = unsafe UnsafeRawPointer(pointer).loadUnaligned(fromByteOffset: 8, as: Int.self)
        return Double(seconds) + Double(nanoseconds) / 1e9
    }
}

func text(_ octets: [UInt8]?) -> String? { octets.map { String(decoding: $0, as: UTF8.self) } }

extension MessagePart {
    /// `text/plain`, `multipart/mixed(text/plain,message/rfc822{text/plain})`.
    var outline: String {
        let type =
            String(decoding: mediaType.type, as: UTF8.self) + "/" + String(decoding: mediaType.subtype, as: UTF8.self)
        return switch content {
        case .leaf: type
        case .multipart(let parts): type + "(" + parts.map(\.outline).joined(separator: ",") + ")"
        case .message(_, let root): type + "{" + root.outline + "}"
        }
    }
}

extension EnvelopeAddress {
    /// `name|route|mailbox|host`, with `-` for `nil`.
    var notation: String {
        [name, route, mailbox, host].map { text($0) ?? "-" }.joined(separator: "|")
    }
}

/// What is wrong with a structure over the bytes it was made from; empty when nothing is.
func inconsistencies(of structure: MessageStructure, in bytes: [UInt8]) -> [String] {
    var found: [String] = []
    if structure.size != UInt64(bytes.count) { found.append("size") }
    if structure.root.header.lowerBound != 0 { found.append("root begins at \(structure.root.header.lowerBound)") }
    if structure.root.body.upperBound != structure.size {
        found.append("root ends at \(structure.root.body.upperBound)")
    }
    var lines: [UInt64] = [0]
    lines.reserveCapacity(bytes.count + 1)
    var line: UInt64 = 0
    for octet in bytes {
        if octet == 0x0A { line += 1 }
        lines.append(line)
    }
    check(structure.root, within: 0..<structure.size, lines, "", &found)
    return found
}

private func check(
    _ part: MessagePart,
    within outer: Range<UInt64>,
    _ lines: [UInt64],
    _ path: String,
    _ found: inout [String]
) {
    let place = "part \(path)"
    if part.header.lowerBound < outer.lowerBound || part.body.upperBound > outer.upperBound {
        found.append("\(place) outside")
    }
    if part.header.upperBound != part.body.lowerBound { found.append("\(place) header and body apart") }
    let inBody = lines[Int(part.body.upperBound)] - lines[Int(part.body.lowerBound)]
    if inBody != part.lines { found.append("\(place) lines \(part.lines), not \(inBody)") }
    if part.encodingText.isEmpty { found.append("\(place) encoding empty") }
    switch part.content {
    case .leaf:
        if part.mediaType.isMultipart || part.mediaType.isEmbeddedMessage {
            found.append("\(place) leaf of a tree type")
        }
    case .multipart(let parts):
        if parts.isEmpty || !part.mediaType.isMultipart { found.append("\(place) multipart") }
        var rest = part.body
        for (index, child) in parts.enumerated() {
            check(child, within: rest, lines, "\(path).\(index + 1)", &found)
            rest = min(child.body.upperBound, rest.upperBound)..<rest.upperBound
        }
    case .message(_, let root):
        if !part.mediaType.isEmbeddedMessage { found.append("\(place) message") }
        if root.header.lowerBound != part.body.lowerBound || root.body.upperBound != part.body.upperBound {
            found.append("\(place) message does not fill it")
        }
        check(root, within: part.body, lines, "\(path).m", &found)
    }
}
