// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
package import Runtime
package import SMTPWire

/// One connection to a server, used by one task.
package final class SMTPClientSession {
    package enum Dialect: Sendable, Equatable {
        case smtp
        case lmtp
    }

    let connection: Connection
    let dialect: Dialect
    let timeouts: SMTPTimeouts
    private var parser = SMTPReplyParser()
    /// What the server offered last.
    package private(set) var capabilities = SMTPCapabilities()

    /// The connection must be open; the greeting has not been read.
    package init(_ connection: Connection, _ dialect: Dialect, timeouts: SMTPTimeouts) {
        self.connection = connection
        self.dialect = dialect
        self.timeouts = timeouts
    }

    // MARK: Opening and closing

    /// Reads the greeting and introduces us as `name`.
    ///
    /// A server that does not know EHLO is asked with HELO (RFC 5321 §3.2).
    package func open(as name: String) async throws(SMTPClientError) {
        let greeting = try await reply(.greeting, timeouts.greeting)
        guard greeting.severity == .success else { throw SMTPClientError(.greeting, .refused(greeting)) }
        try await hello(as: name)
    }

    /// Introduces us as `name`, at the start and behind STARTTLS.
    package func hello(as name: String) async throws(SMTPClientError) {
        let verb: HelloCommand.Verb = dialect == .lmtp ? .lhlo : .ehlo
        var answer = try await ask(.hello(HelloCommand(verb, name: name)), .hello)
        capabilities = answer.severity == .success ? SMTPCapabilities(reply: answer) : SMTPCapabilities()
        if answer.severity == .permanent, dialect == .smtp {
            answer = try await ask(.hello(HelloCommand(.helo, name: name)), .hello)
        }
        guard answer.severity == .success else { throw SMTPClientError(.hello, .refused(answer)) }
    }

    /// Turns TLS on and introduces us again (RFC 3207 §4.2).
    package func startTLS(_ context: TLSContext, serverName: String, as name: String) async throws(SMTPClientError) {
        let answer = try await ask(.startTLS, .tls)
        guard answer.severity == .success else { throw SMTPClientError(.tls, .refused(answer)) }
        do throws(IOError) {
            try await connection.connectTLS(context, serverName: serverName)
        } catch {
            throw SMTPClientError(.tls, .io(error))
        }
        try await hello(as: name)
    }

    /// Ends what was begun, so that another message can follow (row F-69).
    package func reset() async throws(SMTPClientError) {
        let answer = try await ask(.reset, .envelope)
        guard answer.severity == .success else { throw SMTPClientError(.envelope, .refused(answer)) }
    }

    /// Says goodbye without waiting for the answer, and closes.
    package func quit() async {
        connection.write(SMTPCommand.quit.encoded)
        await connection.close()
    }

    /// Closes at once.
    package func abort() { connection.abort() }

    /// Whether the connection is quiet and open, so that another message may be tried on it.
    package var isFresh: Bool {
        guard connection.isOpen, !parser.isInside, connection.bufferedCount == 0 else { return false }
        do throws(IOError) { return try connection.readAvailable() == nil } catch { return false }
    }

    // MARK: Commands and replies

    func ask(_ command: SMTPCommand, _ stage: SMTPClientError.Stage) async throws(SMTPClientError) -> SMTPReply {
        connection.write(command.encoded)
        return try await reply(stage, timeouts.command)
    }

    /// The server's next reply.
    func reply(_ stage: SMTPClientError.Stage, _ timeout: Duration) async throws(SMTPClientError) -> SMTPReply {
        connection.idleTimeout = timeout
        while true {
            let outcome: Result<SMTPReply?, SMTPReplyError>?
            do throws(IOError) {
                outcome = try await connection.withAvailable { octets in
                    do throws(SMTPReplyError) {
                        let (consumed, reply) = try parser.read(octets)
                        return (consumed, .success(reply))
                    } catch {
                        return (octets.byteCount, .failure(error))
                    }
                }
            } catch {
                throw SMTPClientError(stage, .io(error))
            }
            switch outcome {
            case .success(let reply?): return reply
            case .success(nil): continue
            case .failure(let error): throw SMTPClientError(stage, .notAReply(error))
            case nil: throw SMTPClientError(stage, .io(.closed))
            }
        }
    }
}
