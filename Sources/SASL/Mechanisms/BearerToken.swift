// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's and Microsoft's older form of it): the proof is a token that an
/// authorization server has given out.
///
/// ```
/// C: n,a=alice@example.test,^Ahost=mail.example.test^Aport=993^Aauth=Bearer vF9dft4qmT^A^A
/// S: {"status":"invalid_token"}              only when it is refused
/// C: ^A
/// ```
struct BearerTokenServer: SASLServerMechanism {
    enum Form: Sendable {
        /// RFC 7628 §3.1.
        case oauthBearer
        case xoauth2
    }

    /// Octets of a token: signed ones with many claims have some 2,000.
    static let maximumTokenOctets = 8192

    private enum State { case start, checks, refused(AuthenticationOutcome), over }
    private let form: Form
    private var state = State.start

    init(_ form: Form) { self.form = form }

    mutating func next(_ message: [UInt8]?) -> SASLStep {
        switch (state, message) {
        case (.start, nil): return .challenge([])
        case (.start, let message?):
            do throws(SASLFailure) {
                let proof = try form == .oauthBearer ? Self.oauthBearer(message) : Self.xoauth2(message)
                state = .checks
                return .verify(proof)
            } catch {
                state = .over
                return .fail(error)
            }
        // RFC 7628 §3.2.3: ^A, or anything: the client has read why.
        case (.refused(let outcome), .some(_)):
            state = .over
            return .done(outcome)
        default:
            state = .over
            return .fail(.malformed(.outOfSequence))
        }
    }

    mutating func take(_ answer: SASLAnswer) -> SASLStep {
        guard case .outcome(let outcome) = answer else { return .done(.unavailable) }
        // RFC 7628 §3.2.2: the reason is a challenge of its own, and the failure follows the answer to it.
        guard outcome == .invalidCredentials else {
            state = .over
            return .done(outcome)
        }
        state = .refused(outcome)
        let text = form == .oauthBearer ? #"{"status":"invalid_token"}"# : #"{"status":"401","schemes":"bearer"}"#
        return .challenge(Array(text.utf8))
    }

    // client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep
    private static func oauthBearer(_ message: [UInt8]) throws(SASLFailure) -> SASLProof {
        let fields = message.split(separator: separator, omittingEmptySubsequences: false)
        guard fields.count >= 3, fields.suffix(2).allSatisfy(\.isEmpty), let header = fields.first else {
            throw .malformed(.notBearer)
        }
        // gs2-header, without channel binding: RFC 7628 has none.
        let parts = header.split(separator: SCRAM.comma, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].elementsEqual("n".utf8) || parts[0].elementsEqual("y".utf8),
            parts[2].isEmpty
        else { throw .malformed(.notBearer) }
        var user = ""
        if !parts[1].isEmpty {
            guard let name = SCRAM.value("a", parts[1]).flatMap(SCRAM.unescaped) else { throw .malformed(.notBearer) }
            user = try Self.user(name)
        }
        return .token(user: user, token: try token(fields.dropFirst().dropLast(2)))
    }

    // "user=" name ^A "auth=Bearer " token ^A ^A
    private static func xoauth2(_ message: [UInt8]) throws(SASLFailure) -> SASLProof {
        let fields = message.split(separator: separator, omittingEmptySubsequences: false)
        guard fields.count >= 3, fields.suffix(2).allSatisfy(\.isEmpty),
            let name = fields.first.flatMap({ SCRAM.value("user", $0) })
        else { throw .malformed(.notBearer) }
        return .token(user: try user(name), token: try token(fields.dropFirst().dropLast(2)))
    }

    /// The credentials among the key-value pairs: `auth=Bearer b64token` (RFC 6750 §2.1).
    private static func token(_ pairs: ArraySlice<ArraySlice<UInt8>>) throws(SASLFailure) -> String {
        let found = pairs.compactMap { SCRAM.value("auth", $0) }
        guard found.count == 1, let value = found.first, ASCII.equalIgnoringCase(value.prefix(7), "Bearer ".utf8) else {
            throw .malformed(.notBearer)
        }
        let token = value.dropFirst(7).drop { $0 == ASCII.space }
        guard (1...maximumTokenOctets).contains(token.count), token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .malformed(.notBearer)
        }
        return String(decoding: token, as: UTF8.self)
    }

    private static func user(_ octets: some Collection<UInt8>) throws(SASLFailure) -> String {
        guard !octets.isEmpty else { return "" }
        guard let user = SASLCredentials.user(octets) else { throw .malformed(.badUserName) }
        return user
    }

    /// kvsep.
    private static let separator: UInt8 = 0x01
}
