// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
internal import SMTPWire

extension SMTPClientSession {
    /// Octets that are read at a time.
    private static let readOctets = 64 * 1024

    // MARK: Commands

    func ask(_ command: SMTPCommand, _ stage: SMTPClientError.Stage) async throws(SMTPClientError) -> SMTPReply {
        write(command)
        return try await reply(stage, command == .data ? timeouts.dataStart : timeouts.command)
    }

    /// Gathers a command, which will have one reply.
    func write(_ command: SMTPCommand) {
        observer?.show(command)
        connection.write(command.encoded)
        outstanding += 1
    }

    // MARK: Replies

    /// The server's next reply; all of it comes within `timeout`.
    func reply(_ stage: SMTPClientError.Stage, _ timeout: Duration) async throws(SMTPClientError) -> SMTPReply {
        connection.idleTimeout = timeout
        connection.deadline = .now + timeout
        defer { connection.deadline = nil }
        if arrived.isEmpty { try await push(stage) }
        while arrived.isEmpty {
            let octets: [UInt8]
            do throws(IOError) {
                octets = try await connection.readSome(maximum: Self.readOctets)
                guard !octets.isEmpty else { throw .closed }
            } catch {
                throw SMTPClientError(stage, .io(error))
            }
            try take(octets, stage)
        }
        let reply = arrived.removeFirst()
        outstanding = max(0, outstanding - 1)
        if reply.code == 421 { isEnding = true }
        return reply
    }

    /// Whether the server said more than is due.
    var hasUnaskedReply: Bool { arrived.count > outstanding }

    /// Sends what is gathered, and hears what the server says meanwhile.
    func push(_ stage: SMTPClientError.Stage) async throws(SMTPClientError) {
        while !hasUnaskedReply {
            do throws(IOError) {
                guard try await !connection.flushUnlessInput() else { return }
            } catch {
                hearLastWords()
                // A server that has answered need not read on.
                guard hasUnaskedReply || (stage == .answer && !arrived.isEmpty) else {
                    throw SMTPClientError(stage, .io(error))
                }
                return isEnding = true
            }
            try take(connection.takeBuffered(), stage)
        }
    }

    /// Hears what has come, without waiting; whether anything had.
    ///
    /// Throws when the server has ended its side.
    @discardableResult
    func listen(_ stage: SMTPClientError.Stage) throws(SMTPClientError) -> Bool {
        let octets: [UInt8]?
        do throws(IOError) { octets = try connection.readAvailable() } catch {
            throw SMTPClientError(stage, .io(error))
        }
        guard let octets else { return false }
        guard !octets.isEmpty else { throw SMTPClientError(stage, .io(.closed)) }
        try take(octets, stage)
        return true
    }

    /// The connection is broken: what came before is read all the same.
    private func hearLastWords() {
        isEnding = true
        do throws(SMTPClientError) {
            while !hasUnaskedReply, try listen(.content) {}
        } catch {
            return
        }
    }

    /// Reads replies up to the first that is not due; after that one the rest has no meaning.
    private func take(_ octets: [UInt8], _ stage: SMTPClientError.Stage) throws(SMTPClientError) {
        var offset = 0
        while offset < octets.count, !hasUnaskedReply {
            do throws(SMTPReplyError) {
                let (consumed, reply) = try parser.read(Array(octets[offset...]))
                offset += consumed
                guard let reply else { continue }
                observer?.show(reply)
                arrived.append(reply)
            } catch {
                isEnding = true
                throw SMTPClientError(stage, .notAReply(error))
            }
        }
        if hasUnaskedReply { isEnding = true }
    }
}
