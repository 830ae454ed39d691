// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
package import MailTypes

/// Where messages are that were copied (RFC 4315 §3): UIDs there and here, pair by pair.
package struct CopiedMessages: Sendable, Hashable {
    package var uidValidity: UIDValidity
    package var source: UIDSet
    package var target: UIDSet
}

extension IMAPClientSession {
    /// Copies messages (RFC 9051 §6.4.7); `nil` where the server does not say to what.
    @discardableResult
    package func copy(
        _ messages: SequenceSet,
        numbers: MessageNumbers,
        to mailbox: String
    ) async throws(IMAPClientError) -> CopiedMessages? {
        CopiedMessages(try await perform(CopyCommand(messages, numbers: numbers, to: mailbox)).code)
    }

    /// Moves messages (RFC 9051 §6.4.8); `nil` where the server does not say to what.
    @discardableResult
    package func move(
        _ messages: SequenceSet,
        numbers: MessageNumbers,
        to mailbox: String
    ) async throws(IMAPClientError) -> CopiedMessages? {
        guard offers("MOVE") || offers("IMAP4REV2") else { throw .missing("MOVE") }
        var moved: CopiedMessages?
        let status = try await perform(MoveCommand(messages, numbers: numbers, to: mailbox)) { response in
            // The code comes before the messages are gone.
            guard case .untagged(let status) = response else { return }
            moved = CopiedMessages(status.code) ?? moved
        }
        return CopiedMessages(status.code) ?? moved
    }
}

extension CopiedMessages {
    fileprivate init?(_ code: ResponseCode?) {
        guard case .copyUID(let validity, let source, let target) = code else { return nil }
        self.init(uidValidity: validity, source: source, target: target)
    }
}
