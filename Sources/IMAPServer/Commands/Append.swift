// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

/// APPEND is not in the table of commands: its message never is in a frame. What can be refused is refused before the
/// client is given leave to send; a client that did not wait is read to the end of its message first.
extension AppendCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        _ = try MailboxName(argument: mailbox)
        guard literal.count <= facts.maximumMessageOctets else {
            throw .no(.tooBig, "Messages may have \(facts.maximumMessageOctets) octets")
        }
        guard literal.count > 0 else { throw .no(.cannot, "A message has at least one octet") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        do {
            try check(session.facts)
            let name = try MailboxName(argument: mailbox)
            _ = try await offeringCreation { () throws(MailStoreError) in try await session.account.status(of: name) }
        } catch {
            if !literal.isSynchronizing { try await session.connection.discard(literal.count, andLines: 65_536) }
            throw error
        }
        let staging = try await receive(in: session)
        return try await store(staging, in: session)
    }

    /// Takes the message off the connection, and the line end behind it.
    private func receive(in session: IMAPSession) async throws -> any MessageStaging {
        let connection = session.connection
        if literal.isSynchronizing { connection.write("+ Ready for \(literal.count) octets\r\n") }
        let staging = session.store.stage()
        var left = literal.count
        var failure: MailStoreError?
        while left > 0 {
            let piece = try await connection.readSome(maximum: Int(min(left, 65_536)))
            guard !piece.isEmpty else { throw IOError.closed }
            left -= UInt64(piece.count)
            guard failure == nil else { continue }
            do throws(MailStoreError) { try staging.add(piece) } catch { failure = error }
        }
        guard let line = try await connection.readLine(maximum: 65_536) else { throw IOError.closed }
        if let failure { throw failure }
        guard line.bytes.isEmpty else {
            throw IMAPSyntaxError(offset: 0, expected: "the end of the APPEND command behind the message")
        }
        return staging
    }

    private func store(_ staging: any MessageStaging, in session: IMAPSession) async throws -> Completion {
        let name = try MailboxName(argument: mailbox)
        let message = try await staging.finish()
        let outcome = try await offeringCreation { () throws(MailStoreError) in
            try await session.account.append(
                message,
                to: name,
                flags: flags,
                internalDate: internalDate ?? MailDate(secondsSince1970: Int64(time(nil))),
                delivery: nil
            )
        }
        return Completion(code: .appendUID(outcome.uidValidity, outcome.uid))
    }
}
