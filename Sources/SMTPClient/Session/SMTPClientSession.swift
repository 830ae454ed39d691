// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
package import Runtime
package import SMTPWire

/// One connection to a server, used by one task.
package final class SMTPClientSession {
    package enum Dialect: Sendable, Hashable {
        case smtp
        case lmtp
    }

    let connection: Connection
    package let dialect: Dialect
    package let timeouts: SMTPTimeouts
    var parser = SMTPReplyParser()
    /// Replies that came while something was written, in order.
    var arrived: [SMTPReply] = []
    /// Replies that are due for what was sent.
    var outstanding = 0
    /// What the server offered last.
    package internal(set) var capabilities = SMTPCapabilities()
    /// What the server calls itself: the first word of its greeting.
    package internal(set) var serverName = ""
    package internal(set) var isAuthenticated = false
    /// Transactions that were begun.
    package internal(set) var transactions = 0
    /// Nothing more can be asked of this server: it said 421, or what it says can no longer be told apart.
    var isEnding = false
    /// Who is shown the dialogue.
    package var observer: (any OutboundObserver)?

    /// The connection must be open; the greeting has not been read.
    package init(_ connection: Connection, _ dialect: Dialect, timeouts: SMTPTimeouts) {
        self.connection = connection
        self.dialect = dialect
        self.timeouts = timeouts
    }

    /// What TLS agreed on; `nil` in the clear.
    package var tls: TLSFacts? { connection.tls }

    /// The connection is borrowed of a process that has it over TLS.
    var isEncryptedByLender = false
    /// Whether nobody on the way can read along.
    var isEncrypted: Bool { tls != nil || isEncryptedByLender }

    // MARK: Opening and closing

    /// Reads the greeting and introduces us as `name`.
    ///
    /// A server that does not know EHLO is asked with HELO (RFC 5321 §3.2), at once when `extended` is false.
    package func open(as name: String, extended: Bool = true) async throws(SMTPClientError) {
        outstanding = 1
        let greeting = try await reply(.greeting, timeouts.greeting)
        guard greeting.severity == .success else { throw SMTPClientError(.greeting, .refused(greeting)) }
        serverName = String(greeting.lines.first?.prefix { $0 != " " }.prefix(255) ?? "")
        try await hello(as: name, extended: extended)
    }

    /// Introduces us as `name`, at the start and behind STARTTLS.
    package func hello(as name: String, extended: Bool = true) async throws(SMTPClientError) {
        capabilities = SMTPCapabilities()
        if extended || dialect == .lmtp {
            let verb: HelloCommand.Verb = dialect == .lmtp ? .lhlo : .ehlo
            let answer = try await ask(.hello(HelloCommand(verb, name: name)), .hello)
            if answer.severity == .success { capabilities = SMTPCapabilities(reply: answer) }
            guard answer.severity == .permanent, dialect == .smtp else { return try check(answer, .hello) }
        }
        try check(try await ask(.hello(HelloCommand(.helo, name: name)), .hello), .hello)
    }

    /// Turns TLS on by STARTTLS and introduces us again (RFC 3207 §4.2).
    package func startTLS(_ context: TLSContext, serverName: String, as name: String) async throws(SMTPClientError) {
        guard capabilities.startTLS else { throw SMTPClientError(.tls, .missing("STARTTLS")) }
        try check(try await ask(.startTLS, .tls), .tls)
        try await connectTLS(context, serverName: serverName)
        try await hello(as: name)
    }

    /// Turns TLS on now: before the greeting, where the port is one of TLS (RFC 8314 §3.3).
    package func connectTLS(_ context: TLSContext, serverName: String) async throws(SMTPClientError) {
        // What came in the clear is nobody's.
        guard arrived.isEmpty, !parser.isInside else { throw SMTPClientError(.tls, .io(.tls("data in the clear"))) }
        do throws(IOError) {
            try await connection.connectTLS(context, serverName: serverName)
        } catch {
            throw SMTPClientError(.tls, .io(error))
        }
        if let tls { observer?.show(.note("\(tls.version) \(tls.cipher)")) }
    }

    /// Ends what was begun, so that another message can follow (row F-69).
    package func reset() async throws(SMTPClientError) {
        try check(try await ask(.reset, .envelope), .envelope)
    }

    /// Says goodbye without waiting for the answer, and closes.
    package func quit() async {
        write(.quit)
        observer?.show(.closed)
        await connection.close()
    }

    /// Closes at once.
    package func abort() {
        observer?.show(.closed)
        connection.abort()
    }

    /// Whether the connection is quiet and open, so that another message may be tried on it.
    package var isFresh: Bool {
        guard !isEnding, connection.isOpen, !parser.isInside, arrived.isEmpty, outstanding == 0,
            connection.bufferedCount == 0, connection.unsentCount == 0
        else { return false }
        do throws(IOError) { return try connection.readAvailable() == nil } catch { return false }
    }

    private func check(_ answer: SMTPReply, _ stage: SMTPClientError.Stage) throws(SMTPClientError) {
        guard answer.severity == .success else { throw SMTPClientError(stage, .refused(answer)) }
    }
}
