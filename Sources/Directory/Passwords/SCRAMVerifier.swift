// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime
package import SASL

/// What is kept of a password for SCRAM (RFC 5802 §3): enough for checking a proof, not enough for making one.
///
/// Whoever steals it can try passwords against it at the cost of `iterations`, which is less than that of a yescrypt hash.
package struct SCRAMVerifier: Sendable, Hashable {
    /// Rounds for new keys; RFC 7677 §4 has 4,096 as the least.
    ///
    /// Every client computes them at each log-on.
    ///
    /// One number for all: users there are not are given it as well, so that a different one would tell them apart.
    package static let iterations: UInt32 = 10_000

    package let hash: SCRAMHash
    package let salt: [UInt8]
    package let iterations: UInt32
    package let storedKey: [UInt8]
    package let serverKey: [UInt8]

    /// The keys of a password.
    ///
    /// One that SASLprep refuses is taken as it is, as clients take it that do not prepare. Takes some 5 ms: not on a
    /// loop.
    package init(
        _ hash: SCRAMHash,
        of password: [UInt8],
        salt: [UInt8] = secureRandom(16),
        iterations: UInt32 = Self.iterations
    ) {
        let algorithm = hash.algorithm
        let salted = Digest.pbkdf2(
            algorithm,
            password: SASLprep.prepare(password) ?? password,
            salt: salt,
            iterations: iterations
        )
        let clientKey = Digest.hmac(algorithm, key: salted, Array("Client Key".utf8))
        self.init(
            hash: hash,
            salt: salt,
            iterations: iterations,
            storedKey: Digest.hash(algorithm, clientKey),
            serverKey: Digest.hmac(algorithm, key: salted, Array("Server Key".utf8))
        )
    }

    private init(hash: SCRAMHash, salt: [UInt8], iterations: UInt32, storedKey: [UInt8], serverKey: [UInt8]) {
        self.hash = hash
        self.salt = salt
        self.iterations = iterations
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    /// What a user is answered with who does not exist, or has no keys: the same each time, and no proof fits.
    init(decoyFor user: String, _ hash: SCRAMHash, secret: [UInt8]) {
        func derived(_ purpose: String) -> [UInt8] {
            Digest.hmac(.sha256, key: secret, Array("\(purpose) \(hash.rawValue) \(user)".utf8))
        }
        self.init(
            hash: hash,
            salt: Array(derived("salt").prefix(16)),
            iterations: Self.iterations,
            storedKey: Array(derived("stored").prefix(hash.octets)),
            serverKey: Array(derived("server").prefix(hash.octets))
        )
    }

    // MARK: Proofs

    /// The server's signature, when the client's proof is right (RFC 5802 §3).
    package func signature(for proof: SCRAMProof) -> [UInt8]? {
        let algorithm = hash.algorithm
        let expected = Digest.hmac(algorithm, key: storedKey, proof.message)
        let signature = Digest.hmac(algorithm, key: serverKey, proof.message)
        let clientKey = zip(proof.proof, expected).map { $0 ^ $1 }
        guard proof.hash == hash, proof.proof.count == hash.octets,
            constantTimeEqual(Digest.hash(algorithm, clientKey), storedKey)
        else { return nil }
        return signature
    }

    // MARK: Text

    /// `SCRAM-SHA-256$10000:salt$StoredKey:ServerKey`, the last three in base64.
    package var text: String {
        let parts = [salt, storedKey, serverKey].map { String(decoding: Base64.encode($0), as: UTF8.self) }
        return "\(hash.rawValue)$\(iterations):\(parts[0])$\(parts[1]):\(parts[2])"
    }

    /// `nil` when the text is none that `text` makes.
    package init?(_ text: String) {
        let parts = text.split(whereSeparator: { $0 == "$" || $0 == ":" })
        guard parts.count == 5, let hash = SCRAMHash(rawValue: String(parts[0])),
            let iterations = UInt32(parts[1]), iterations > 0,
            let salt = Base64.decode(parts[2].utf8), let storedKey = Base64.decode(parts[3].utf8),
            let serverKey = Base64.decode(parts[4].utf8), !salt.isEmpty, storedKey.count == hash.octets,
            serverKey.count == hash.octets
        else { return nil }
        self.init(hash: hash, salt: salt, iterations: iterations, storedKey: storedKey, serverKey: serverKey)
    }
}

extension SCRAMVerifier: CustomStringConvertible {
    /// The mechanism only: keys are not for logs.
    package var description: String { "\(hash.rawValue)$..." }
}

extension SCRAMHash {
    fileprivate var algorithm: DigestAlgorithm { self == .sha1 ? .sha1 : .sha256 }
}

/// An account's verifiers; those that were never made are `nil`.
package struct SCRAMVerifiers: Sendable, Hashable {
    package var sha256: SCRAMVerifier?
    package var sha1: SCRAMVerifier?

    package static let none = SCRAMVerifiers()

    package init(sha256: SCRAMVerifier? = nil, sha1: SCRAMVerifier? = nil) {
        self.sha256 = sha256
        self.sha1 = sha1
    }

    package subscript(_ hash: SCRAMHash) -> SCRAMVerifier? {
        get { hash == .sha1 ? sha1 : sha256 }
        set { if hash == .sha1 { sha1 = newValue } else { sha256 = newValue } }
    }
}
