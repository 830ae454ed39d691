// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import SASL
import Testing

@Suite struct BearerTokenTests {
    private typealias Action = SASLServerExchange.Action

    private static func begin(_ mechanism: SASLMechanism, _ message: String) -> (SASLServerExchange, Action) {
        let octets = Base64.encode(Array(message.replacing("^", with: "\u{1}").utf8))
        return SASLServerExchange.begin(mechanism, initialResponse: octets.isEmpty ? Array("=".utf8) : octets)
    }

    @Test(
        "OAUTHBEARER (RFC 7628 §3.1)",
        arguments: [
            (
                "n,a=user@example.com,^host=server.example.com^port=143^auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==^^",
                "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
            ),
            ("n,,^auth=Bearer abc^^", "", "abc"), ("y,,^auth=bearer  abc^^", "", "abc"),
            ("n,a=,^auth=Bearer a^^", "", "a"),
            ("n,a=a=2Cb,^auth=Bearer a^^", "a,b", "a"),
            ("n,,^auth=Bearer abc", nil, nil), ("n,,^auth=Bearer abc^", nil, nil), ("n,,^^", nil, nil), ("^", nil, nil),
            ("", nil, nil), ("p=tls-exporter,,^auth=Bearer abc^^", nil, nil), ("n,,^auth=Basic abc^^", nil, nil),
            ("n,,^auth=Bearer ^^", nil, nil), ("n,,^auth=Bearer a b^^", nil, nil),
            ("n,,^auth=Bearer a^auth=Bearer b^^", nil, nil), ("n,x=y,^auth=Bearer a^^", nil, nil),
            ("n,,x^auth=Bearer a^^", nil, nil), ("n,,^auth=Bearer \(String(repeating: "a", count: 8193))^^", nil, nil),
        ] as [(String, String?, String?)]
    )
    func oauthBearer(_ message: String, _ user: String?, _ token: String?) {
        expect(Self.begin(.oauthBearer, message).1, user, token, message)
    }

    @Test(
        arguments: [
            (
                "user=alice@example.test^auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg^^",
                "alice@example.test",
                "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
            ),
            ("user=^auth=Bearer a^^", "", "a"), ("user=a^auth=Bearer a^", nil, nil), ("auth=Bearer a^^", nil, nil),
            ("user=a^^", nil, nil), ("", nil, nil), ("user=a\rb^auth=Bearer a^^", nil, nil),
        ] as [(String, String?, String?)]
    )
    func xoauth2(_ message: String, _ user: String?, _ token: String?) {
        expect(Self.begin(.xoauth2, message).1, user, token, message)
    }

    private func expect(_ action: SASLServerExchange.Action, _ user: String?, _ token: String?, _ message: String) {
        switch (action, user, token) {
        case (.verify(let proof), let user?, let token?): #expect(proof == .token(user: user, token: token))
        case (.fail(.malformed), nil, nil): break
        default: Issue.record("\(message) gave \(action)")
        }
    }

    @Test(
        "a refusal is told in JSON, and ends when the client has answered",
        arguments: [
            ("OAUTHBEARER", #"{"status":"invalid_token"}"#, "AQ=="),
            ("OAUTHBEARER", #"{"status":"invalid_token"}"#, ""),
            ("XOAUTH2", #"{"status":"401","schemes":"bearer"}"#, ""),
        ]
    )
    func refusal(_ name: String, _ json: String, _ reply: String) throws {
        let mechanism = try #require(SASLMechanism.named(name.utf8))
        let message = name == "XOAUTH2" ? "user=a^auth=Bearer a^^" : "n,,^auth=Bearer a^^"
        var (exchange, _) = Self.begin(mechanism, message)
        #expect(exchange.take(.outcome(.invalidCredentials)) == .challenge(Base64.encode(Array(json.utf8))))
        #expect(exchange.respond(to: Array(reply.utf8)) == .done(.invalidCredentials))
        #expect(exchange.respond(to: []) == .fail(.malformed(.outOfSequence)))
    }

    @Test func `What is no matter of the token ends at once`() {
        var (exchange, _) = Self.begin(.oauthBearer, "n,,^auth=Bearer a^^")
        #expect(exchange.take(.outcome(.unavailable)) == .done(.unavailable))
    }
}
