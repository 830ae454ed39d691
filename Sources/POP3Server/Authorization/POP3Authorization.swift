// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import POP3Wire
package import SASL

/// The rules of the AUTHORIZATION state (RFC 1939 §4), without I/O: which command does what, given what came before
/// and how the connection is protected.
package struct POP3Authorization: Sendable {
    package enum Action: Sendable, Hashable {
        case reply(POP3Reply)
        /// The command would have shown a secret on the network.
        case refuseInClear
        case capabilities
        case languages
        case mechanisms
        case startTLS
        case exchange(mechanism: String, initialResponse: [UInt8]?)
        case verify(SASLProof)
        case quit
    }

    package private(set) var channel: SASLChannel
    /// A certificate is at hand.
    package let hasCertificate: Bool
    /// What the directory can check.
    package let mechanisms: [SASLMechanism]
    /// Seconds between two log-ons; 0 for none.
    private let loginDelay: Int64
    /// The client has said UTF8.
    package private(set) var acceptsUTF8: Bool
    private var user: [UInt8]?

    package init(
        channel: SASLChannel,
        hasCertificate: Bool,
        mechanisms: [SASLMechanism] = SASLMechanism.passwords,
        loginDelay: Int64 = 0,
        acceptsUTF8: Bool = false
    ) {
        self.acceptsUTF8 = acceptsUTF8
        self.channel = channel
        self.hasCertificate = hasCertificate
        self.mechanisms = mechanisms
        self.loginDelay = loginDelay
    }

    package var capabilities: POP3Capabilities {
        POP3Capabilities(
            channel: channel,
            offersTLS: hasCertificate && channel.security != .tls,
            mechanisms: mechanisms,
            loginDelay: loginDelay
        )
    }

    /// TLS begins: what the client said before may have been put into its mouth (RFC 2595 §4).
    package mutating func tlsEstablished(_ channel: SASLChannel) {
        self.channel = channel
        user = nil
        acceptsUTF8 = false
    }

    package mutating func receive(_ line: [UInt8]) -> Action {
        do throws(POP3SyntaxError) {
            return perform(try POP3Command(parsing: line))
        } catch {
            return .reply(.err(nil, error.text))
        }
    }

    private mutating func perform(_ command: POP3Command) -> Action {
        // PASS counts only right after USER (RFC 1939 §7).
        let user = self.user
        if case .user = command {} else { self.user = nil }
        guard command.states.contains(.authorization) else {
            return .reply(.err(nil, "\(command.keyword) is not valid before log-on"))
        }
        return switch command {
        case .user(let name): take(name)
        case .pass(let password): verify(user, password)
        case .auth(let mechanism, let response): begin(mechanism, response)
        case .authMechanisms: .mechanisms
        case .stls: startTLS()
        case .capa: .capabilities
        case .lang(nil): .languages
        case .lang(let range?): .reply(POP3Language.reply(to: range))
        case .quit: .quit
        case .utf8: acceptUTF8()
        default: .reply(.err(nil, "\(command.keyword) is not supported"))
        }
    }

    private mutating func take(_ name: [UInt8]) -> Action {
        guard channel.security.hidesSecrets else { return .refuseInClear }
        user = name
        return .reply(.ok("send PASS"))
    }

    private func verify(_ user: [UInt8]?, _ password: [UInt8]) -> Action {
        guard channel.security.hidesSecrets else { return .refuseInClear }
        guard let user else { return .reply(.err(nil, "PASS is only valid right after USER")) }
        do throws(SASLFailure) {
            return .verify(try SASLCredentials.proof(user: user, password: password))
        } catch {
            return .reply(.err(.auth, error.text))
        }
    }

    private func begin(_ name: [UInt8], _ initialResponse: [UInt8]?) -> Action {
        guard let mechanism = SASLMechanism.named(name, among: mechanisms) else {
            return .reply(.err(nil, "unknown authentication mechanism"))
        }
        guard !mechanism.lacksCertificate(on: channel) else {
            return .reply(.err(.auth, "\(mechanism.name) needs a certificate of yours that is trusted here"))
        }
        guard mechanism.isAllowed(on: channel) else { return .refuseInClear }
        return .exchange(mechanism: mechanism.name, initialResponse: initialResponse)
    }

    // RFC 6856 §2.1
    private mutating func acceptUTF8() -> Action {
        acceptsUTF8 = true
        return .reply(.ok("UTF8 enabled"))
    }

    private func startTLS() -> Action {
        guard channel.security != .tls else { return .reply(.err(nil, "TLS is already active")) }
        // RFC 6856 §2.1: TLS would have it forgotten.
        guard !acceptsUTF8 else { return .reply(.err(nil, "STLS comes before UTF8")) }
        return hasCertificate ? .startTLS : .reply(.err(.systemPermanent, "TLS is not available"))
    }
}
