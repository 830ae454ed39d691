// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MilterWire
internal import Runtime

/// An open connection to a filter, with what was agreed on it.
final class MilterConnection {
    private let connection: Connection
    private var reader = MilterReplyReader()
    private(set) var terms = MilterTerms(version: 2, actions: [], omissions: [])

    private init(_ connection: Connection) { self.connection = connection }

    /// Connects and negotiates, all within `connect-timeout`.
    static func open(_ definition: MilterDefinition, _ loop: EventLoop) async throws(MilterFailure) -> MilterConnection
    {
        let connection: Connection
        do throws(IOError) {
            switch definition.address {
            case .unix(let path):
                connection = try await .connect(unixPath: path, loop: loop, timeout: definition.connectTimeout)
            case .inet(let address):
                connection = try await .connect(to: address, loop: loop, timeout: definition.connectTimeout)
            }
        } catch {
            throw .io(error)
        }
        // A message that is being filtered is brought to its end, even while this process drains.
        connection.defersShutdown = true
        let opened = MilterConnection(connection)
        do throws(MilterFailure) {
            try await opened.negotiate(within: definition.connectTimeout)
        } catch {
            connection.abort()
            throw error
        }
        return opened
    }

    private func negotiate(within limit: Duration) async throws(MilterFailure) {
        let offer = MilterTerms(version: MilterTerms.newestVersion, actions: .all, omissions: .offered)
        try await send(.negotiate(offer), within: limit)
        guard case .terms(let terms) = try await reply(within: limit) else {
            throw .unexpected("something else than its terms")
        }
        guard terms.isWithinOffer else { throw .unexpected("terms that it was not offered") }
        self.terms = terms
    }

    /// Whether the filter has neither closed the connection nor said anything since it was asked last.
    var isFresh: Bool {
        guard connection.isOpen, !reader.isInside else { return false }
        do throws(IOError) { return try connection.readAvailable() == nil } catch { return false }
    }

    /// Gathers a command; it leaves when much is gathered, or with the next wait for a reply.
    func send(_ command: MilterCommand, within limit: Duration) async throws(MilterFailure) {
        (connection.idleTimeout, connection.deadline) = (limit, .now + limit)
        do throws(IOError) { try await connection.send(command.encoded) } catch { throw .io(error) }
    }

    /// Sends what is gathered.
    func flush() async throws(MilterFailure) {
        do throws(IOError) { try await connection.flush() } catch { throw .io(error) }
    }

    /// The filter's next word.
    func reply(within limit: Duration) async throws(MilterFailure) -> MilterReply {
        (connection.idleTimeout, connection.deadline) = (limit, .now + limit)
        while true {
            do throws(MilterSyntaxError) {
                if let reply = try reader.next() { return reply }
            } catch {
                throw .syntax(error)
            }
            let octets: [UInt8]
            do throws(IOError) { octets = try await connection.readSome(maximum: 65_536) } catch { throw .io(error) }
            guard !octets.isEmpty else { throw .io(.closed) }
            reader.add(octets)
        }
    }

    /// Says goodbye and closes.
    func close() async {
        connection.write(MilterCommand.quit.encoded)
        connection.idleTimeout = .seconds(1)
        connection.deadline = .now + .seconds(1)
        _ = try? await connection.flush()
        connection.abort()
    }

    func abort() { connection.abort() }
}
