// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// LIST (RFC 1939 §5).
    ///
    /// Sizes are exact: octets as stored, without what dot-stuffing adds on the wire.
    func list(_ number: Int?, _ connection: Connection) async throws(IOError) {
        try await scan(number, connection, "\(maildrop.count) messages (\(maildrop.octets) octets)") { String($0.size) }
    }

    /// UIDL (RFC 1939 §7).
    func uniqueIDs(_ number: Int?, _ connection: Connection) async throws(IOError) {
        let maildrop = maildrop
        try await scan(number, connection, "unique ids follow") { maildrop.uniqueID(of: $0) }
    }

    /// One message's listing in the status line, or everyone's in lines.
    private func scan(
        _ number: Int?,
        _ connection: Connection,
        _ heading: String,
        _ listing: (MessageEntry) -> String
    ) async throws(IOError) {
        if let number {
            do throws(POP3Refusal) {
                connection.write(.ok("\(number) \(listing(try maildrop.message(number)))"))
            } catch {
                connection.write(error.reply)
            }
            return
        }
        connection.write(.ok(heading))
        for (number, message) in maildrop.listed {
            try await connection.send(Array("\(number) \(listing(message))\r\n".utf8))
        }
        connection.write(".\r\n")
    }
}
