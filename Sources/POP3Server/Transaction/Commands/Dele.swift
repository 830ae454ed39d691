// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// DELE (RFC 1939 §5): a mark of this session; QUIT deletes.
    mutating func delete(_ number: Int, _ connection: Connection) {
        do throws(POP3Refusal) {
            try maildrop.mark(number)
            connection.write(.ok("message \(number) deleted"))
        } catch {
            connection.write(error.reply)
        }
    }

    /// RSET (RFC 1939 §5).
    mutating func reset(_ connection: Connection) {
        maildrop.unmarkAll()
        connection.write(.ok("maildrop has \(maildrop.count) messages (\(maildrop.octets) octets)"))
    }
}
