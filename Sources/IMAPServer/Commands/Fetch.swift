// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

extension FetchCommand: SessionCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        let indices = try session.selected().indices(of: messages, numbers)
        // Answers to UID FETCH always have the UID (RFC 9051 §6.4.9).
        let needsUID = isUID && !items.contains(.uid)
        var run = FetchRun(session, items: needsUID ? [.uid] + items : items)
        try await run.answer(indices)
        guard run.refused.isEmpty else {
            throw CommandRefusal.no(.corruption, "Octets are lost of UID \(run.refused.description.prefix(512))")
        }
        return .done
    }
}
