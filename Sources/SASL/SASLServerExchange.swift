// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One exchange as a protocol sees it: base64 lines in, base64 lines out.
///
/// ```
/// C: AUTHENTICATE PLAIN          begin(mechanism, initialResponse: nil)   -> .challenge("")
/// S: +
/// C: AGFsaWNlAHNlY3JldA==        respond(to: line)                        -> .verify(.password(...))
/// ```
package struct SASLServerExchange: Sendable {
    /// What the protocol does next.
    package enum Action: Sendable, Hashable {
        /// Send this, in base64 already, as the protocol's continuation (`+ `, `334 `), and read a line of at most
        /// `maximumLineOctets` for `respond(to:)`.
        case challenge([UInt8])
        /// Ask the directory, and hand its answer to `take`.
        case verify(SASLProof)
        /// The exchange is over.
        case done(AuthenticationOutcome)
        case fail(SASLFailure)
    }

    /// Bound on a base64 line without its line end (RFC 4954 §4 asks for 12,288).
    package static let maximumLineOctets = 12_288

    private var server: any SASLServerMechanism

    private init(_ server: any SASLServerMechanism) { self.server = server }

    /// Starts an exchange.
    ///
    /// `initialResponse` is as the client wrote it: base64, `=` for one that is empty, `nil` for none (RFC 4954 §4, RFC
    /// 5034 §4, RFC 4959 §3).
    package static func begin(
        _ mechanism: SASLMechanism,
        on channel: SASLChannel = SASLChannel(.clear),
        initialResponse: (some Collection<UInt8>)?
    ) -> (exchange: SASLServerExchange, action: Action) {
        var exchange = SASLServerExchange(mechanism.makeServer(channel))
        let action = exchange.start(initialResponse, serverFirst: mechanism.traits.contains(.serverFirst))
        return (exchange, action)
    }

    /// As above, without an initial response.
    package static func begin(
        _ mechanism: SASLMechanism,
        on channel: SASLChannel = SASLChannel(.clear)
    ) -> (exchange: SASLServerExchange, action: Action) {
        begin(mechanism, on: channel, initialResponse: [UInt8]?.none)
    }

    /// Takes the client's line, without its line end.
    package mutating func respond(to line: some Collection<UInt8>) -> Action {
        line.elementsEqual([0x2A]) ? .fail(.cancelled) : decode(line)
    }

    /// Takes what the directory said to a `verify`.
    package mutating func take(_ answer: SASLAnswer) -> Action { Self.action(server.take(answer)) }

    private mutating func start(_ initialResponse: (some Collection<UInt8>)?, serverFirst: Bool) -> Action {
        guard let initialResponse else { return advance(nil) }
        guard !serverFirst else { return .fail(.malformed(.unexpectedInitialResponse)) }
        return initialResponse.elementsEqual([0x3D]) ? advance([]) : decode(initialResponse)
    }

    private mutating func decode(_ text: some Collection<UInt8>) -> Action {
        guard text.count <= Self.maximumLineOctets else { return .fail(.malformed(.tooLong)) }
        guard let message = Base64.decode(text) else { return .fail(.malformed(.notBase64)) }
        return advance(message)
    }

    private mutating func advance(_ message: [UInt8]?) -> Action { Self.action(server.next(message)) }

    private static func action(_ step: SASLStep) -> Action {
        switch step {
        case .challenge(let octets): .challenge(Base64.encode(octets))
        case .verify(let proof): .verify(proof)
        case .done(let outcome): .done(outcome)
        case .fail(let failure): .fail(failure)
        }
    }
}
