// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Any bytes as a stored summary: refused, or a tree that is consistent and encodes to what decodes to it.
@main
enum FuzzMessageSummary {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let envelope = SummaryEnvelope(input)
        for list in [SummaryEnvelope.List.from, .sender, .bcc] { _ = envelope?.firstAddress(list) }
        let date = SummaryDate(input, at: input.indices)
        precondition(envelope.map { date?.size == $0.size && date?.date == $0.sentDate } ?? true)
        guard let summary = MessageSummary.decode(input) else { return }
        precondition(envelope.map { $0.text($0.subject) } == .some(summary.envelope.subject))
        precondition(envelope?.addresses(.to).count == summary.envelope.to.count)
        precondition(summary.root.body.upperBound == summary.structure.size)
        precondition(MessageSummary.decode(summary.encode()) == summary)
        _ = summary.structure.range(of: MessageSection([1, 1], .mime))
    }
}
