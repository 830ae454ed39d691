// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailStore
internal import MailTypes
internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// QUIT, and with it the UPDATE state (RFC 1939 §6): removes what is marked, all or nothing, and answers when that
    /// is durable.
    mutating func quit(_ connection: Connection) async {
        connection.defersShutdown = true
        let deletions = maildrop.deletions
        guard !deletions.isEmpty else { return connection.write(.ok("bye")) }
        do throws(MailStoreError) {
            let outcome = try await account.expunge(deletions, in: maildrop.mailbox, onlyDeleted: false)
            connection.write(.ok("\(outcome.vanished.count) messages deleted, bye"))
        } catch {
            events.record(
                .pop3DeletionFailed,
                ["pop3.messages": .count(deletions.count), "pop3.reason": .string(error.detail)]
            )
            let code: POP3ResponseCode = error.code == .busy ? .inUse : .systemTemporary
            connection.write(.err(code, "some deleted messages were not removed"))
        }
    }
}
