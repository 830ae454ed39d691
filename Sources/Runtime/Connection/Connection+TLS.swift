// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Connection {
    /// Longest a handshake may take.
    private static let handshakeLimit: Duration = .seconds(30)

    /// Switches to TLS as the server.
    ///
    /// Flushes first (the go-ahead line). Throws `.tls` when the peer sent anything in the clear behind the command
    /// that asked for TLS: it could be an attacker's.
    package func startTLS(_ context: TLSContext) async throws(IOError) {
        try await flush()
        guard input.isEmpty else { throw .tls("data in the clear behind the request for TLS") }
        try await handshake(try context.stream(on: fd, server: true))
    }

    /// Switches to TLS as the client of the server called `serverName`.
    package func connectTLS(_ context: TLSContext, serverName: String) async throws(IOError) {
        try await flush()
        guard input.isEmpty else { throw .tls("data in the clear before the handshake") }
        let stream = try context.stream(on: fd, server: false)
        stream.expect(serverName: serverName)
        try await handshake(stream)
    }

    /// Channel-binding data of this session, by the registered name of the type; empty in the clear.
    package var channelBindings: [String: [UInt8]] { stream?.channelBindings ?? [:] }

    /// The mail addresses that the client's certificate vouches for, when this server trusts it; see
    /// `TLSStream.certifiedIdentities`.
    package var certifiedIdentities: [String] { stream?.certifiedIdentities ?? [] }

    private func handshake(_ fresh: TLSStream) async throws(IOError) {
        let latest = ContinuousClock.now + Self.handshakeLimit
        while true {
            let wake: Wake
            switch try fresh.handshake() {
            case .done:
                stream = fresh
                tls = fresh.facts
                wait.noteInput()
                return
            case .wantsRead: wake = await park(for: readable, until: latest)
            case .wantsWrite: wake = await park(for: writable, until: latest)
            }
            guard case .ready = wake else { throw wake.error }
        }
    }
}
