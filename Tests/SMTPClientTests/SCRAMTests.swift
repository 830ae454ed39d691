// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SMTPClient

@Suite struct SCRAMTests {
    private static let serverFirst =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

    private func client() -> SCRAMClient {
        SCRAMClient(SMTPCredentials(user: "user", password: Array("pencil".utf8)), nonce: "rOprNGfwEbeRWgbNEkqO")
    }

    private func text(_ octets: [UInt8]?) -> String? { octets.map { String(decoding: $0, as: UTF8.self) } }

    /// The exchange of RFC 7677 §3.
    @Test func `The exchange of the RFC`() async throws {
        var client = client()
        #expect(text(client.initialResponse()) == "n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
        let final = await client.response(to: Array(Self.serverFirst.utf8))
        #expect(
            text(final)
                == "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
                + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        )
        #expect(!client.isSatisfied)
        let end = await client.response(to: Array("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".utf8))
        #expect(end == [])
        #expect(client.isSatisfied)
    }

    @Test(arguments: [
        "", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=somebody else,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999",
        "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=*,i=4096",
        "m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    ])
    func `A challenge that cannot be right is not answered`(challenge: String) async {
        var client = client()
        #expect(await client.response(to: Array(challenge.utf8)) == nil)
    }

    @Test func `A server that does not know the password is not believed`() async {
        var client = client()
        _ = await client.response(to: Array(Self.serverFirst.utf8))
        #expect(await client.response(to: Array("v=AAAA".utf8)) == nil)
        #expect(!client.isSatisfied)
    }

    @Test func `Names are escaped`() {
        let client = SCRAMClient(SMTPCredentials(user: "a,b=c", password: []), nonce: "n")
        #expect(text(client.initialResponse()) == "n,,n=a=2Cb=3Dc,r=n")
    }

    @Test func `No description shows the password`() {
        let credentials = SMTPCredentials(user: "user", password: Array("pencil".utf8))
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("pencil") && !text.contains("112"))
            #expect(text.contains("user"))
        }
    }

    @Test(arguments: [
        (["PLAIN", "LOGIN", "SCRAM-SHA-256"], true, "SCRAM-SHA-256"),
        (["PLAIN", "LOGIN", "SCRAM-SHA-256"], false, "SCRAM-SHA-256"),
        (["LOGIN", "PLAIN"], true, "PLAIN"), (["LOGIN"], true, "LOGIN"), (["LOGIN", "PLAIN"], false, nil),
        (["NTLM"], true, nil),
    ]) func `A password is handed to nobody who may be another`(offered: [String], mayReveal: Bool, chosen: String?) {
        #expect(SMTPClientSession.mechanism(of: Set(offered), mayReveal: mayReveal)?.name == chosen)
    }
}
