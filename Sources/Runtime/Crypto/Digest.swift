// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL

/// Digests of whole arrays.
package enum Digest {
    /// 32 octets (FIPS 180-4).
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] { unsafe sha256(bytes.span.bytes) }

    package static func sha256(_ bytes: RawSpan) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe bytes.withUnsafeBytes { bytes in
            _ = unsafe SHA256(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &digest)
        }
        return digest
    }

    /// 32 octets (RFC 2104 with SHA-256).
    package static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        _ = unsafe HMAC(EVP_sha256(), key, Int32(clamping: key.count), bytes, bytes.count, &digest, &length)
        return digest
    }

    /// 32 octets (RFC 8018 §5.2 with HMAC-SHA-256).
    ///
    /// Takes a millisecond for some thousand iterations: not on a loop.
    package static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: UInt32) -> [UInt8] {
        pbkdf2(.sha256, password: password, salt: salt, iterations: iterations)
    }
}

/// A hash function of FIPS 180-4.
package enum DigestAlgorithm: Sendable, Hashable {
    case sha1
    case sha256

    /// Octets of a digest.
    package var octets: Int { self == .sha1 ? 20 : 32 }
}

// For protocols that leave the choice of the hash open.
extension Digest {
    package static func hash(_ algorithm: DigestAlgorithm, _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.octets)
        unsafe EVP_Digest(bytes, bytes.count, &digest, nil, algorithm.function, nil)
        return digest
    }

    /// RFC 2104.
    package static func hmac(_ algorithm: DigestAlgorithm, key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.octets)
        var length: UInt32 = 0
        _ = unsafe HMAC(algorithm.function, key, Int32(clamping: key.count), bytes, bytes.count, &digest, &length)
        return digest
    }

    /// RFC 8018 §5.2, as many octets as the hash has.
    ///
    /// Takes a millisecond for some thousand iterations: not on a loop.
    package static func pbkdf2(
        _ algorithm: DigestAlgorithm,
        password: [UInt8],
        salt: [UInt8],
        iterations: UInt32
    ) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: algorithm.octets)
        let text = password.map { CChar(bitPattern: $0) }
        _ = unsafe PKCS5_PBKDF2_HMAC(
            text,
            Int32(clamping: text.count),
            salt,
            Int32(clamping: salt.count),
            Int32(clamping: max(1, iterations)),
            algorithm.function,
            Int32(clamping: key.count),
            &key
        )
        return key
    }
}

extension DigestAlgorithm {
    fileprivate var function: OpaquePointer? { unsafe self == .sha1 ? EVP_sha1() : EVP_sha256() }
}

/// SHA-256 of octets that come piece by piece.
@safe
package final class SHA256Hasher {
    private let context: OpaquePointer?

    package init() {
        unsafe context = EVP_MD_CTX_new()
        unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    package func add(_ bytes: RawSpan) {
        _ = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    package func add(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
    }

    /// The digest, 32 octets; the hasher then begins anew.
    package func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe EVP_DigestFinal_ex(context, &digest, nil)
        unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil)
        return digest
    }
}

/// Octets that nobody can guess.
package func secureRandom(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
}

/// Compares in a time that does not tell where the first difference is.
package func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
