// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The hash function of a SCRAM mechanism.
package enum SCRAMHash: String, Sendable, Hashable, CaseIterable {
    /// RFC 5802.
    case sha1 = "SCRAM-SHA-1"
    /// RFC 7677.
    case sha256 = "SCRAM-SHA-256"

    /// Octets of its digests, and so of keys, proofs and signatures.
    package var octets: Int { self == .sha1 ? 20 : 32 }
}

/// What a client computed from its password and the exchange (RFC 5802 §3).
package struct SCRAMProof: Sendable, Hashable {
    package var user: String
    package var hash: SCRAMHash
    /// AuthMessage: what both sides said so far.
    package var message: [UInt8]
    /// ClientProof: ClientKey XOR ClientSignature; as many octets as the hash has.
    package var proof: [UInt8]

    package init(user: String, hash: SCRAMHash, message: [UInt8], proof: [UInt8]) {
        self.user = user
        self.hash = hash
        self.message = message
        self.proof = proof
    }
}
