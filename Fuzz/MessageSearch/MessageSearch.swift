// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Any message and any term: the same is found however the message comes in; a preview is short and one line.
@main
enum FuzzMessageSearch {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard input.count > 2 else { return }
        let length = min(Int(input[0] % 16), input.count - 2)
        let size = max(1, Int(input[1]))
        let needle = SearchNeedle(String(decoding: input[2..<(2 + length)], as: UTF8.self))
        let message = Array(input[(2 + length)...])
        let structure = MessageStructure(parsing: message)
        let terms = [MessageSearch.Term(needle, in: .body), MessageSearch.Term(needle, in: .text),
            MessageSearch.Term(needle, in: .header("Subject"))]
        let whole = MessageSearch.find(terms, in: structure, of: message)
        precondition(whole[1] || !(whole[0] || whole[2] && !needle.isEmpty))
        var search = MessageSearch(terms, in: structure)
        for start in stride(from: 0, to: message.count, by: size) {
            search.take(Array(message[start..<min(start + size, message.count)]), at: UInt64(start))
        }
        precondition(search.finish() == whole)
        if let part = structure.previewPart {
            let preview = PreviewText.text(
                of: part,
                body: Array(message[Int(part.body.lowerBound)..<Int(part.body.upperBound)])
            )
            precondition(preview.count <= PreviewText.maximumCharacters && !preview.utf8.contains(0x0A))
        }
    }
}
