// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import POP3Wire
package import Runtime

/// One connection to a server, used by one task.
package final class POP3ClientSession {
    package enum State: Sendable, Hashable {
        case greeting
        case authorization
        case transaction
        case closed
    }

    let connection: Connection
    package let limits: POP3ClientLimits
    package internal(set) var state = State.greeting
    /// Lines of CAPA, in upper case; empty when it was not asked, or is not known.
    package internal(set) var capabilities: Set<String> = []
    /// Why nothing more can be asked.
    private var failure: POP3ClientError?

    /// The connection must be open, the greeting not yet read.
    package init(_ connection: Connection, limits: POP3ClientLimits = POP3ClientLimits()) {
        self.connection = connection
        self.limits = limits
        connection.idleTimeout = limits.wait
    }

    /// What TLS agreed on; `nil` in the clear.
    package var tls: TLSFacts? { connection.tls }

    /// Reads the greeting and asks for capabilities.
    package func open() async throws(POP3ClientError) {
        let greeting = try await statusLine()
        guard greeting.isPositive else { throw fail(.refused(greeting), endsSession: true) }
        state = .authorization
        try await askCapabilities()
    }

    /// Turns TLS on now: before the greeting, where the port is one of TLS (RFC 8314 §3.3).
    package func connectTLS(_ context: TLSContext, serverName: String) async throws(POP3ClientError) {
        do throws(IOError) {
            try await connection.connectTLS(context, serverName: serverName)
        } catch {
            throw fail(.io(error))
        }
    }

    /// Closes at once.
    package func abort() {
        state = .closed
        connection.abort()
    }

    // MARK: Asking

    /// Sends a command and reads its status line.
    ///
    /// - Throws: `.refused` when that is negative.
    func ask(_ command: POP3Command) async throws(POP3ClientError) -> POP3StatusLine {
        if let failure { throw failure }
        connection.write(command.encoded)
        let line = try await statusLine()
        guard line.isPositive else { throw .refused(line) }
        return line
    }

    func statusLine() async throws(POP3ClientError) -> POP3StatusLine {
        let line = try await readLine(maximum: POP3Reply.maximumOctets)
        do throws(POP3ReplyError) { return try POP3StatusLine(parsing: line) } catch {
            throw notAReply(error, line)
        }
    }

    /// Reads the rows behind a positive status line.
    func rows(_ each: ([UInt8]) throws(POP3ReplyError) -> Void) async throws(POP3ClientError) {
        for _ in 0..<limits.rows {
            var line = try await readLine(maximum: POP3Reply.maximumOctets)
            if line.first == ASCII.dot {
                if line.count == 1 { return }
                guard line[1] == ASCII.dot else {
                    throw notAReply(POP3ReplyError(offset: 1, expected: "a dot or the end behind a dot"), line)
                }
                line.removeFirst()
            }
            do throws(POP3ReplyError) { try each(line) } catch { throw notAReply(error, line) }
        }
        throw fail(.tooLong)
    }

    private func readLine(maximum: Int) async throws(POP3ClientError) -> [UInt8] {
        if let failure { throw failure }
        let line: Line?
        do throws(IOError) { line = try await connection.readLine(maximum: maximum) } catch {
            throw fail(error == .lineTooLong ? .tooLong : .io(error))
        }
        guard let line else { throw fail(.io(.closed)) }
        guard line.endsWithCRLF else {
            throw notAReply(POP3ReplyError(offset: line.bytes.count, expected: "CR"), line.bytes)
        }
        return line.bytes
    }

    private func notAReply(_ error: POP3ReplyError, _ line: [UInt8]) -> POP3ClientError {
        fail(.notAReply(error, line: Array(line.prefix(error.offset + 40).suffix(200))))
    }

    /// Remembers why the session is over.
    func fail(_ error: POP3ClientError, endsSession: Bool = false) -> POP3ClientError {
        guard endsSession || !error.leavesSessionOpen else { return error }
        failure = failure ?? error
        state = .closed
        return error
    }
}
