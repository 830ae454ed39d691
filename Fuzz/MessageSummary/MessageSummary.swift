// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Any bytes as a stored summary: refused, or a tree that is consistent and encodes to what decodes to it.
@main
enum FuzzMessageSummary {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let summary = MessageSummary.decode(input) else { return }
        precondition(summary.root.body.upperBound == summary.structure.size)
        precondition(MessageSummary.decode(summary.encode()) == summary)
        _ = summary.structure.range(of: MessageSection([1, 1], .mime))
    }
}
