// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// LIST (RFC 1939 §5).
    ///
    /// Sizes are exact: octets as they are sent, without what dot-stuffing adds on the wire. Of messages that only a
    /// client that has said UTF8 can have, they are told with those of others, and refused alone (RFC 6856 §5).
    mutating func list(_ number: Int?, _ connection: Connection) async throws(IOError) {
        await findSurrogates()
        if let number, unsendable.contains(number) { return connection.write(Self.needsUTF8(number)) }
        let maildrop = maildrop
        try await scan(number, connection, "\(maildrop.count) messages (\(maildrop.octets) octets)") {
            String(maildrop.octets(of: $0, $1))
        }
    }

    /// UIDL (RFC 1939 §7).
    func uniqueIDs(_ number: Int?, _ connection: Connection) async throws(IOError) {
        let maildrop = maildrop
        try await scan(number, connection, "unique ids follow") { maildrop.uniqueID(of: $1) }
    }

    /// One message's listing in the status line, or everyone's in lines.
    private func scan(
        _ number: Int?,
        _ connection: Connection,
        _ heading: String,
        _ listing: (Int, MessageEntry) -> String
    ) async throws(IOError) {
        if let number {
            do throws(POP3Refusal) {
                connection.write(.ok("\(number) \(listing(number, try maildrop.message(number)))"))
            } catch {
                connection.write(error.reply)
            }
            return
        }
        connection.write(.ok(heading))
        for (number, message) in maildrop.listed {
            try await connection.send(Array("\(number) \(listing(number, message))\r\n".utf8))
        }
        connection.write(".\r\n")
    }
}
