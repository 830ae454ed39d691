// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import POP3Wire
internal import Runtime

extension POP3ClientSession {
    /// Logs on with USER and PASS (RFC 1939 §7), both at once where the server allows it.
    ///
    /// - Throws: `.missing` when others could read the password on the way, or it cannot be written in a line.
    package func logOn(user: String, password: [UInt8]) async throws(POP3ClientError) {
        try checkPrivacy()
        guard !(Array(user.utf8) + password).contains(where: { $0 == ASCII.cr || $0 == ASCII.lf }) else {
            throw .missing("a password without line ends")
        }
        let ahead = offers("PIPELINING")
        connection.write(POP3Command.user(Array(user.utf8)).encoded)
        if ahead { connection.write(POP3Command.pass(password).encoded) }
        let first = try await statusLine()
        guard first.isPositive || ahead else { throw .refused(first) }
        if !ahead { connection.write(POP3Command.pass(password).encoded) }
        let second = try await statusLine()
        guard first.isPositive, second.isPositive else { throw .refused(first.isPositive ? second : first) }
        state = .transaction
        try await askCapabilities()
    }

    /// A password is not sent where others can read it: that needs TLS, or a peer on this machine.
    func checkPrivacy() throws(POP3ClientError) {
        guard tls != nil || connection.peer.isLoopback else { throw .missing("TLS") }
    }
}
