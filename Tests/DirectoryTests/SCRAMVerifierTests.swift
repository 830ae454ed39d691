// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Directory
import MailTypes
import SASL
import Testing

@Suite struct SCRAMVerifierTests {
    /// RFC 5802 §5 and RFC 7677 §3: user `user`, password `pencil`.
    @Test(arguments: [
        (
            SCRAMHash.sha1, "QSXCR+Q6sek8bf92", "fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="
        ),
        (
            .sha256, "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        ),
    ])
    func `The examples of the RFCs`(
        hash: SCRAMHash,
        salt: String,
        client: String,
        server: String,
        proof: String,
        signature: String
    ) throws {
        let verifier = SCRAMVerifier(
            hash,
            of: Array("pencil".utf8),
            salt: try #require(Base64.decode(salt.utf8)),
            iterations: 4096
        )
        let message = "n=user,r=\(client),r=\(client)\(server),s=\(salt),i=4096,c=biws,r=\(client)\(server)"
        var sent = SCRAMProof(
            user: "user",
            hash: hash,
            message: Array(message.utf8),
            proof: try #require(Base64.decode(proof.utf8))
        )
        #expect(verifier.signature(for: sent) == Base64.decode(signature.utf8))
        #expect(SCRAMVerifier(verifier.text) == verifier)
        sent.proof[0] ^= 1
        #expect(verifier.signature(for: sent) == nil)
        sent.proof = []
        #expect(verifier.signature(for: sent) == nil)
    }

    @Test(arguments: [
        ("I\u{AD}X", "IX"), ("user", "user"), ("\u{AA}", "a"), ("\u{2168}", "IX"), ("pa\u{A0}ss", "pa ss"),
        ("e\u{301}", "\u{E9}"),
    ])
    func `Passwords are prepared`(one: String, other: String) {
        let salt: [UInt8] = [1, 2, 3, 4]
        let verifiers = [one, other].map { SCRAMVerifier(.sha256, of: Array($0.utf8), salt: salt, iterations: 4096) }
        #expect(verifiers[0] == verifiers[1])
    }

    @Test(arguments: [[0xFF, 0xFE], [0x07], [0x61, 0xD8, 0xA7]] as [[UInt8]])
    func `Passwords that are prohibited`(password: [UInt8]) {
        let verifiers = [password, password + [0x20]].map {
            SCRAMVerifier(.sha256, of: $0, salt: [1], iterations: 4096)
        }
        #expect(verifiers[0] != verifiers[1])
    }

    @Test(arguments: [
        "", "SCRAM-SHA-256", "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA", "SCRAM-MD5$4096:AAAA$AAAA:AAAA",
        "SCRAM-SHA-256$0:AAAA$\(String(repeating: "A", count: 43))=:\(String(repeating: "A", count: 43))=",
    ])
    func `Texts that are none`(text: String) { #expect(SCRAMVerifier(text) == nil) }
}
