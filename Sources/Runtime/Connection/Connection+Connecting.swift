// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension Connection {
    /// Opens a connection to a TCP address.
    ///
    /// The calling task runs on `loop`.
    ///
    /// - Parameter source: the address of ours that the peer is to see, of the same family; port 0 for any.
    package static func connect(
        to address: SocketAddress,
        from source: SocketAddress? = nil,
        loop: EventLoop,
        timeout: Duration
    ) async throws(IOError) -> Connection {
        let fd = socket(address.family, sockStream, 0)
        guard fd >= 0 else { throw .last("socket") }
        if let source {
            let bound = unsafe source.withSockaddr { unsafe Glibc.bind(fd, $0, $1) } ?? -1
            guard bound == 0 else { throw closing(fd, .last("bind")) }
        }
        let result = unsafe address.withSockaddr { unsafe Glibc.connect(fd, $0, $1) } ?? -1
        return try await finish(fd, result, address, loop, timeout)
    }

    /// Opens a connection to a Unix socket (a path of any length).
    ///
    /// The calling task runs on `loop`.
    package static func connect(
        unixPath: String,
        loop: EventLoop,
        timeout: Duration
    ) async throws(IOError) -> Connection {
        let fd = socket(AF_UNIX, sockStream, 0)
        guard fd >= 0 else { throw .last("socket") }
        let limit = ContinuousClock.now + timeout
        while true {
            let result: Int32
            do throws(IOError) {
                result = try unsafe withUnixAddress(unixPath) { unsafe Glibc.connect(fd, $0, $1) }
            } catch {
                throw closing(fd, error)
            }
            // EAGAIN: the listener's queue is full. It empties without telling us.
            guard result != 0, errno == EAGAIN, limit > .now else {
                return try await finish(fd, result, .unix, loop, timeout)
            }
            do throws(IOError) { try await loop.sleep(for: .milliseconds(5)) } catch { throw closing(fd, error) }
        }
    }

    private static func finish(
        _ fd: Int32,
        _ result: Int32,
        _ address: SocketAddress,
        _ loop: EventLoop,
        _ timeout: Duration
    ) async throws(IOError) -> Connection {
        guard result == 0 || errno == EINPROGRESS else { throw closing(fd, .last("connect")) }
        let connection = Connection(fd: fd, loop: loop, peer: address)
        guard result != 0 else { return connection }
        let wake = await connection.park(for: writable, until: .now + timeout)
        guard case .ready = wake else {
            connection.abort()
            throw wake.error
        }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else {
            connection.abort()
            throw .system(errno: code, call: "connect")
        }
        return connection
    }

    /// Two connected ends on one loop, over a pair of Unix sockets, for one task that uses both.
    package static func pair(loop: EventLoop) throws(IOError) -> (Connection, Connection) {
        let (a, b) = try socketPair()
        return (Connection(fd: a, loop: loop, peer: .unix), Connection(fd: b, loop: loop, peer: .unix))
    }

    /// Runs `body` with one end of a pair while a child task runs `peer` with the other; closes both and waits for
    /// both.
    ///
    /// The calling task runs on `loop`.
    package static func withPeer<Result>(
        loop: EventLoop,
        peer: @escaping @Sendable (Connection) async throws -> Void,
        _ body: (Connection) async throws -> Result
    ) async throws -> Result {
        let (near, far) = try socketPair()
        async let peering: Void = { @Sendable in
            let connection = Connection(fd: far, loop: loop, peer: .unix)
            do { try await peer(connection) } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        }()
        let connection = Connection(fd: near, loop: loop, peer: .unix)
        let result: Result
        do { result = try await body(connection) } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        try await peering
        return result
    }

    /// Two connected non-blocking descriptors.
    package static func socketPair() throws(IOError) -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, sockStream, 0, &ends) == 0 else { throw .last("socketpair") }
        return (ends[0], ends[1])
    }

    /// The process at the other end of a Unix socket: its id and user; `nil` over TCP.
    package var peerCredentials: (pid: Int32, user: UInt32)? {
        guard case .unix = peer else { return nil }
        return unixPeerCredentials(of: fd)
    }
}
