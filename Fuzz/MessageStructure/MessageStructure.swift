// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Any bytes: the tree lies within the message, counts are exact, every section resolves within it, the summary comes
/// back as it went.
@main
enum FuzzMessageStructure {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let structure = MessageStructure(parsing: input)
        precondition(structure.size == UInt64(input.count))
        precondition(structure.root.header.lowerBound == 0 && structure.root.body.upperBound == structure.size)
        check(structure.root, within: 0..<structure.size, input)
        check(structure, at: [])
        let summary = MessageSummary(structure: structure)
        precondition(MessageSummary.decode(summary.encode()) == summary)
        _ = structure.envelope.sentDate
        fuzzSubset(input)
    }

    nonisolated static func fuzzSubset(_ input: [UInt8]) {
        let fields = HeaderFields(input)
        let all = fields.subset([], except: true)
        precondition(all.suffix(2) == [0x0D, 0x0A] && all.count <= input.count + 4)
        for field in fields { precondition(!fields.unfolded(field).contains(0x0A)) }
    }

    nonisolated static func check(_ part: MessagePart, within outer: Range<UInt64>, _ input: [UInt8]) {
        precondition(part.header.lowerBound >= outer.lowerBound && part.body.upperBound <= outer.upperBound)
        precondition(part.header.upperBound == part.body.lowerBound)
        let body = input[Int(part.body.lowerBound)..<Int(part.body.upperBound)]
        precondition(part.lines == UInt64(body.count { $0 == 0x0A }))
        precondition(!part.encodingText.isEmpty)
        _ = part.fileName
        switch part.content {
        case .leaf: precondition(!part.mediaType.isMultipart && !part.mediaType.isEmbeddedMessage)
        case .multipart(let parts):
            precondition(!parts.isEmpty && part.mediaType.isMultipart)
            var rest = part.body
            for child in parts {
                check(child, within: rest, input)
                rest = child.body.upperBound..<rest.upperBound
            }
        case .message(_, let root):
            precondition(part.mediaType.isEmbeddedMessage && root.header.lowerBound == part.body.lowerBound)
            check(root, within: part.body, input)
        }
    }

    nonisolated static func check(_ structure: MessageStructure, at path: [UInt32]) {
        guard path.count < 4 else { return }
        for number in UInt32(0)...3 {
            let next = path + [number]
            for text in [MessageSection.Text.content, .header, .text, .mime] {
                guard let range = structure.range(of: MessageSection(next, text)) else { continue }
                precondition(range.upperBound <= structure.size)
            }
            if structure.part(at: next) != nil { check(structure, at: next) }
        }
    }
}
