// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime

/// SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: the password is not sent, and the server proves that it
/// knows it, too.
struct SCRAMClient: SASLClientMechanism {
    static let name = "SCRAM-SHA-256"
    static let revealsSecret = false
    /// RFC 7677 §4 has 4096 as the least; more than the most would be an attack on our time.
    static let iterations: ClosedRange<UInt64> = 4096...1_000_000

    private enum State {
        case begun
        case proven(serverSignature: [UInt8])
        case satisfied
    }

    private let credentials: SMTPCredentials
    private let nonce: String
    private var state = State.begun

    init(_ credentials: SMTPCredentials) {
        self.init(credentials, nonce: String(decoding: Base64.encode(secureRandom(18)), as: UTF8.self))
    }

    init(_ credentials: SMTPCredentials, nonce: String) {
        self.credentials = credentials
        self.nonce = nonce
    }

    var isSatisfied: Bool { if case .satisfied = state { true } else { false } }

    // client-first-message-bare = username "," nonce    RFC 5802 §7; comma and equals sign are escaped in names
    private var firstBare: String {
        "n=\(credentials.user.replacing("=", with: "=3D").replacing(",", with: "=2C")),r=\(nonce)"
    }

    func initialResponse() -> [UInt8]? { Array("n,,\(firstBare)".utf8) }

    mutating func response(to challenge: [UInt8]) async -> [UInt8]? {
        switch state {
        case .begun: return await prove(String(decoding: challenge, as: UTF8.self))
        case .proven(let signature):
            guard let value = Self.attribute("v", in: String(decoding: challenge, as: UTF8.self)),
                let shown = Base64.decode(value.utf8), constantTimeEqual(shown, signature)
            else { return nil }
            state = .satisfied
            return []
        case .satisfied: return nil
        }
    }

    // server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]    RFC 5802 §7
    private mutating func prove(_ first: String) async -> [UInt8]? {
        guard Self.attribute("m", in: first) == nil, let shared = Self.attribute("r", in: first),
            shared.hasPrefix(nonce), shared.utf8.count > nonce.utf8.count,
            let salt = Self.attribute("s", in: first).flatMap({ Base64.decode($0.utf8) }), !salt.isEmpty,
            let count = Self.attribute("i", in: first).flatMap({ Decimal.parse($0.utf8) }),
            Self.iterations.contains(count)
        else { return nil }
        let password = credentials.password
        let salted = await BlockingPool.shared.run {
            Digest.pbkdf2SHA256(password: password, salt: salt, iterations: UInt32(clamping: count))
        }
        let final = "c=biws,r=\(shared)"
        let message = Array("\(firstBare),\(first),\(final)".utf8)
        let clientKey = Digest.hmacSHA256(key: salted, Array("Client Key".utf8))
        let signature = Digest.hmacSHA256(key: Digest.sha256(clientKey), message)
        let proof = zip(clientKey, signature).map { $0 ^ $1 }
        let serverKey = Digest.hmacSHA256(key: salted, Array("Server Key".utf8))
        state = .proven(serverSignature: Digest.hmacSHA256(key: serverKey, message))
        return Array("\(final),p=".utf8) + Base64.encode(proof)
    }

    private static func attribute(_ name: String, in message: String) -> String? {
        message.split(separator: ",").first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(2)) }
    }
}
