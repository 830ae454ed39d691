// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension Connection {
    /// Longest that a proxy may take to say for whom it calls.
    private static let proxyLimit: Duration = .seconds(10)

    /// Reads the header with which a trusted proxy begins (PROXY protocol), and takes the client's address from it.
    ///
    /// To be called first of all; takes no octet of what comes behind, be it TLS or not. False when there is no such
    /// header.
    package func acceptProxyHeader() async throws(IOError) -> Bool {
        precondition(input.isEmpty && stream == nil, "the header comes before all else")
        let latest = ContinuousClock.now + Self.proxyLimit
        var octets: [UInt8] = []
        while true {
            switch ProxyHeader.read(octets) {
            case .whole(.client(let address)):
                present(as: address)
                return true
            case .whole(.local): return true
            case .invalid: return false
            case .needs(let count):
                let more = try await receiveRaw(count, until: latest)
                guard !more.isEmpty else { return false }
                octets += more
            }
        }
    }

    /// Between 1 and `maximum` octets of the socket itself; empty at the end of the stream.
    private func receiveRaw(_ maximum: Int, until latest: ContinuousClock.Instant) async throws(IOError) -> [UInt8] {
        guard isOpen else { throw .closed }
        let scratch = unsafe loop.confined.scratch
        while true {
            let count = unsafe recv(fd, scratch.baseAddress, min(maximum, scratch.count), 0)
            if count > 0 { return unsafe Array(scratch[..<count]) }
            if count == 0 { return [] }
            if errno == EAGAIN || errno == EWOULDBLOCK {
                let wake = await park(for: readable, until: latest)
                guard case .ready = wake else { throw wake.error }
            } else if errno != EINTR {
                throw .last("recv")
            }
        }
    }

    /// From now on the peer is this one: somebody who is trusted says for whom they speak.
    package func present(as address: SocketAddress) { peer = address }
}
