// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import Runtime

extension IMAPClientSession {
    /// Most challenges of one exchange.
    private static let maximumRounds = 8

    /// Logs on by SASL PLAIN (RFC 4616), with the initial response where the server takes one (RFC 4959).
    ///
    /// - Throws: `.missing` when the server does not offer PLAIN, or others could read the password on the way.
    package func authenticatePlain(user: String, password: [UInt8]) async throws(IMAPClientError) {
        try checkPrivacy()
        // message = [authzid] UTF8NUL authcid UTF8NUL passwd    RFC 4616 §2
        let message = [0] + Array(user.utf8) + [0] + password
        try await authenticate("PLAIN", initial: message) { challenge in challenge.isEmpty ? message : nil }
    }

    /// Logs on by a SASL mechanism (RFC 9051 §6.2.2).
    ///
    /// - Parameters:
    ///   - initial: what the client says first; `nil` when the server speaks first.
    ///   - respond: what answers a challenge; `nil` to give up.
    package func authenticate(
        _ mechanism: String,
        initial: [UInt8]?,
        respond: ([UInt8]) async -> [UInt8]?
    ) async throws(IMAPClientError) {
        guard offers("AUTH=\(mechanism)") else { throw .missing("AUTH=\(mechanism)") }
        guard pending.isEmpty else { throw .busy }
        var held = initial
        var command = AuthenticateCommand(mechanism: Array(mechanism.utf8))
        if let initial, offers("SASL-IR") || offers("IMAP4REV2") {
            command.initialResponse = initial.isEmpty ? [0x3D] : Base64.encode(initial)
            held = nil
        }
        capabilities = []
        let tag = try await send(command)
        try await exchange(tag, &held, respond)
        try await loggedOn()
    }

    private func exchange(
        _ tag: IMAPCommandTag,
        _ held: inout [UInt8]?,
        _ respond: ([UInt8]) async -> [UInt8]?
    ) async throws(IMAPClientError) {
        for _ in 0...Self.maximumRounds {
            let response = try parse(try await readFrame())
            guard case .continuation(let text) = response else {
                try note(response)
                guard let status = finished.removeValue(forKey: tag.octets) else { continue }
                guard status.condition == .ok else { throw .refused(status) }
                return
            }
            guard let challenge = Base64.decode(text) else { throw fail(.unexpected("a challenge that is not base64")) }
            let answer: [UInt8]?
            if let held { answer = held } else { answer = await respond(challenge) }
            held = nil
            connection.write((answer.map { Base64.encode($0) } ?? [0x2A]) + [ASCII.cr, ASCII.lf])
        }
        throw fail(.unexpected("more than \(Self.maximumRounds) challenges"))
    }
}
