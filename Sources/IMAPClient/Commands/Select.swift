// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension IMAPClientSession {
    /// Opens a mailbox (RFC 9051 §6.3.2, §6.3.3); what was selected before is left, also when this fails.
    ///
    /// - Parameter each: is given what came behind the counts, such as changes since a state that was known.
    @discardableResult
    package func select(
        _ name: String,
        readOnly: Bool = false,
        parameters: SelectParameters = SelectParameters(),
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) -> SelectedMailbox {
        guard pending.isEmpty else { throw .busy }
        let tag =
            readOnly
            ? try await send(ExamineCommand(mailbox: name, parameters: parameters))
            : try await send(SelectCommand(mailbox: name, parameters: parameters))
        mailbox = SelectedMailbox(name: name, isReadOnly: readOnly)
        state = .authenticated
        let status = try await answer(to: tag, each: each)
        guard status.condition == .ok, let opened = mailbox else {
            mailbox = nil
            throw .refused(status)
        }
        state = .selected
        return opened
    }

    /// Leaves the mailbox; with `expunging`, what is marked as deleted goes (RFC 9051 §6.4.1, §6.4.2).
    package func closeMailbox(expunging: Bool) async throws(IMAPClientError) {
        let tag = expunging ? try await send(CloseCommand()) : try await send(UnselectCommand())
        let status = try await answer(to: tag)
        guard status.condition == .ok else { throw .refused(status) }
        mailbox = nil
        state = .authenticated
    }
}
