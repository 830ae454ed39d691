// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime

/// Knows which requests another process of this server answers.
package protocol AdminForwarding: Sendable {
    /// Where a request goes, and as what; `nil` when it is answered here.
    func way(of request: AdminRequest) async throws(AdminError) -> ForwardedRequest?
}

/// A request on its way to another process.
package struct ForwardedRequest: Sendable {
    /// The Unix socket of that process.
    package var socket: String
    package var request: AdminRequest

    package init(socket: String, request: AdminRequest) {
        self.socket = socket
        self.request = request
    }
}

extension AdminServer {
    /// Time for the other process to take the connection; while it restarts, service control keeps its socket.
    private static let connectTime = Duration.seconds(10)
    /// The other process shows signs of life more often than this.
    private static let silence = Duration.seconds(120)

    /// Has another process answer, and carries octets both ways until one side ends.
    ///
    /// Throws when the other process cannot be reached.
    func forward(_ way: ForwardedRequest, isChunked: Bool, _ connection: Connection) async throws(AdminError) {
        let other: Connection
        do throws(IOError) {
            other = try await Connection.connect(
                unixPath: way.socket,
                loop: connection.loop,
                timeout: Self.connectTime
            )
        } catch {
            throw AdminError(
                .unavailable,
                "The back-end does not answer (\(way.socket): \(error)). See: martlet service list"
            )
        }
        other.write(HTTPMessage.request(way.request, isChunked: isChunked, onBehalf: true))
        connection.idleTimeout = Self.silence
        other.idleTimeout = Self.silence
        do throws(IOError) { try await Self.relay(connection, other) } catch {
            // One of the two has gone; the other is told by the end of its connection.
        }
        other.abort()
    }

    private static func relay(_ connection: Connection, _ other: Connection) async throws(IOError) {
        while true {
            let ready = try await Connection.waitForEither(connection, other)
            // The answer first: who has answered may have closed, and takes no more.
            if ready.b, let bytes = try other.readAvailable() {
                guard !bytes.isEmpty else { return }
                connection.write(bytes)
                try await connection.flush()
            }
            if ready.a, let bytes = try connection.readAvailable() {
                guard !bytes.isEmpty else { return }
                other.write(bytes)
                do throws(IOError) { try await other.flush() } catch {
                    return try await relayRest(from: other, to: connection)
                }
            }
        }
    }

    /// Carries over what one side said before it closed.
    private static func relayRest(from other: Connection, to connection: Connection) async throws(IOError) {
        while true {
            let bytes = try await other.readSome(maximum: 64 << 10)
            guard !bytes.isEmpty else { return }
            connection.write(bytes)
            try await connection.flush()
        }
    }
}
