// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime
internal import SMTPWire

extension SMTPClientSession {
    /// Those we know, best first.
    private static let mechanisms: [any SASLClientMechanism.Type] = [
        SCRAMClient.self, PlainClient.self, LoginClient.self,
    ]
    private static let maximumRounds = 8
    /// Longest initial response that goes into the command's line (RFC 5321 §4.5.3.1.4); a longer one waits to be asked
    /// for.
    private static let maximumInitialOctets = 440

    /// Logs on (RFC 4954 §4) by the best mechanism that both know.
    ///
    /// A password that others could get hold of is not sent: that needs TLS with a server whose certificate was
    /// verified, or a peer on this machine. Mechanisms that keep the password to themselves work without.
    ///
    /// - Parameter isPeerVerified: TLS, where it is, was set up only because the certificate is valid for the host.
    package func authenticate(
        _ credentials: SMTPCredentials,
        isPeerVerified: Bool
    ) async throws(SMTPClientError) {
        let offered = Set(capabilities.authenticationMechanisms)
        let isSafe = tls != nil && isPeerVerified || connection.peer.isLoopback
        guard let type = Self.mechanism(of: offered, mayReveal: isSafe) else {
            let isReadable = Self.mechanisms.contains { offered.contains($0.name) }
            let missing = isReadable ? "TLS with a verified certificate for AUTH" : "a known AUTH mechanism"
            throw SMTPClientError(.authentication, .missing(missing))
        }
        try await exchange(type.init(credentials))
        isAuthenticated = true
    }

    /// The best mechanism of those that are offered; without `mayReveal` none that hands the password over.
    static func mechanism(of offered: Set<String>, mayReveal: Bool) -> (any SASLClientMechanism.Type)? {
        mechanisms.first { offered.contains($0.name) && (mayReveal || !$0.revealsSecret) }
    }

    private func exchange(_ mechanism: any SASLClientMechanism) async throws(SMTPClientError) {
        var mechanism = mechanism
        var held = mechanism.initialResponse()
        var command = AuthCommand(mechanism: type(of: mechanism).name)
        if let initial = held.map({ Base64.encode($0) }), initial.count <= Self.maximumInitialOctets {
            command.initialResponse = initial.isEmpty ? [0x3D] : initial
            held = nil
        }
        var answer = try await ask(.authenticate(command), .authentication)
        for _ in 0..<Self.maximumRounds where answer.severity == .intermediate {
            // What is no base64 is as good as nothing: to LOGIN the wording means nothing, SCRAM refuses it.
            let challenge = Base64.decode((answer.lines.last ?? "").utf8) ?? []
            let response: [UInt8]?
            if let initial = held { response = initial } else { response = await mechanism.response(to: challenge) }
            held = nil
            answer = try await say(response.map { Base64.encode($0) } ?? [0x2A])
        }
        guard answer.severity == .success, mechanism.isSatisfied else {
            throw SMTPClientError(
                .authentication,
                answer.isPositive ? .unexpected(answer) : .refused(answer)
            )
        }
    }

    /// A line of the exchange, which is nobody's business.
    private func say(_ line: [UInt8]) async throws(SMTPClientError) -> SMTPReply {
        observer?.show(.sent("***"))
        connection.write(line + [ASCII.cr, ASCII.lf])
        outstanding += 1
        return try await reply(.authentication, timeouts.command)
    }
}
