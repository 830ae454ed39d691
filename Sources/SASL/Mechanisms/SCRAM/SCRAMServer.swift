// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// SCRAM (RFC 5802 §5): the client proves that it knows the password without saying it, and so does the server.
///
/// ```
/// C: n,,n=user,r=rOprNGfwEbeRWgbNEkqO
/// S: r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096
/// C: c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=
/// S: v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=
/// C: (nothing)
/// ```
/// Keys are the directory's business; here is what is said, in which order, and whether it is about this connection.
package struct SCRAMServer: SASLServerMechanism {
    private enum State {
        case start
        case looksUp(SCRAMClientFirst)
        case challenged(SCRAMClientFirst, serverFirst: [UInt8])
        case checks
        case proven(AuthenticatedUser)
        case over
    }

    private let hash: SCRAMHash
    /// Whether this is the mechanism with -PLUS.
    private let bindsChannel: Bool
    private let bindings: [String: [UInt8]]
    private let nonce: [UInt8]
    private var state = State.start

    /// - Parameter nonce: the server's part, of visible ASCII without comma; random unless a test gives one.
    package init(_ hash: SCRAMHash, bindsChannel: Bool, bindings: [String: [UInt8]], nonce: [UInt8]? = nil) {
        self.hash = hash
        self.bindsChannel = bindsChannel
        self.bindings = bindings
        self.nonce = nonce ?? Self.randomNonce()
    }

    private static func randomNonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return Base64.encode((0..<18).map { _ in .random(in: .min ... .max, using: &generator) })
    }

    package mutating func next(_ message: [UInt8]?) -> SASLStep {
        do throws(SASLFailure) {
            return try advance(message)
        } catch {
            state = .over
            return .fail(error)
        }
    }

    private mutating func advance(_ message: [UInt8]?) throws(SASLFailure) -> SASLStep {
        switch (state, message) {
        case (.start, nil): return .challenge([])
        case (.start, let message?):
            let first = try SCRAMClientFirst(message)
            try check(first.binding)
            state = .looksUp(first)
            return .verify(.scramParameters(user: first.user, hash: hash))
        case (.challenged(let first, let serverFirst), let message?):
            let proof = try proof(SCRAMClientFinal(message), after: first, serverFirst)
            state = .checks
            return .verify(.scram(proof))
        case (.proven(let user), let message?) where message.isEmpty:
            state = .over
            return .done(.success(user))
        default: throw .malformed(.outOfSequence)
        }
    }

    package mutating func take(_ answer: SASLAnswer) -> SASLStep {
        switch (state, answer) {
        // server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]
        case (.looksUp(let first), .scramParameters(let salt, let iterations)):
            var message = Array("r=".utf8) + first.nonce + nonce + Array(",s=".utf8) + Base64.encode(salt)
            message += Array(",i=\(iterations)".utf8)
            state = .challenged(first, serverFirst: message)
            return .challenge(message)
        // server-final-message = verifier ["," extensions]; it may not go with the protocol's OK (RFC 4422 §3.6)
        case (.checks, .scram(let user, let signature)):
            state = .proven(user)
            return .challenge(Array("v=".utf8) + Base64.encode(signature))
        case (_, .outcome(let outcome)):
            state = .over
            return .done(outcome)
        default:
            state = .over
            return .done(.unavailable)
        }
    }

    /// RFC 5802 §6: a client that could bind and was told that the server cannot is being lied to.
    private func check(_ binding: SCRAMClientFirst.Binding) throws(SASLFailure) {
        switch binding {
        case .none where bindsChannel, .notOffered where bindsChannel: throw .channelBinding
        case .notOffered where !bindings.isEmpty: throw .channelBinding
        case .required(let name) where bindsChannel:
            guard bindings[name] != nil else { throw .malformed(.bindingType) }
        case .required: throw .channelBinding
        case .none, .notOffered: break
        }
    }

    private func proof(
        _ final: SCRAMClientFinal,
        after first: SCRAMClientFirst,
        _ serverFirst: [UInt8]
    ) throws(SASLFailure) -> SCRAMProof {
        guard final.nonce == first.nonce + nonce else { throw .malformed(.badNonce) }
        var expected = first.header
        if case .required(let name) = first.binding { expected += bindings[name] ?? [] }
        guard final.binding == expected else { throw .channelBinding }
        guard final.proof.count == hash.octets else { throw .malformed(.notSCRAM) }
        let message = [first.bare, serverFirst, final.withoutProof].joined(separator: [SCRAM.comma])
        return SCRAMProof(user: first.user, hash: hash, message: Array(message), proof: final.proof)
    }
}
