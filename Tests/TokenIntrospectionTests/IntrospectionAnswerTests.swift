// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Settings
import Testing
import TokenIntrospection

@Suite struct IntrospectionAnswerTests {
    private static let user = IntrospectionRules(userClaim: "username")

    @Test(
        "answers of RFC 7662 §2.2",
        arguments: [
            (#"{"active":true,"username":"alice@example.test","exp":1419356238}"#, "alice@example.test", 1_419_356_238),
            (#"{"active":true,"username":"alice@example.test","scope":"mail imap"}"#, "alice@example.test", nil),
            (#"{"active":false,"username":"alice@example.test"}"#, nil, nil), (#"{"active":false}"#, nil, nil),
            (#"{"active":true,"sub":"Z5O3upPC88QrAjx00dis","scope":"imap"}"#, nil, nil),
            (#"{"active":true,"username":7,"scope":"imap"}"#, nil, nil),
            (#"{"active":true,"username":"\#(String(repeating: "a", count: 257))"}"#, nil, nil),
        ] as [(String, String?, Int64?)]
    )
    func answers(_ text: String, _ holder: String?, _ expiry: Int64?) throws {
        let answer = try #require(IntrospectionAnswer(Array(text.utf8), Self.user))
        #expect(answer.holder == holder)
        #expect(answer.expiry == expiry)
    }

    @Test(arguments: [("imap", true), ("mail", true), ("im", false), ("imap mail", false), ("", true)])
    func scopes(_ scope: String, _ isThere: Bool) {
        let text = #"{"active":true,"username":"a@b.test","scope":"mail imap"}"#
        let answer = IntrospectionAnswer(Array(text.utf8), IntrospectionRules(userClaim: "username", scope: scope))
        #expect((answer?.holder != nil) == isThere)
    }

    @Test(arguments: [
        (#""mail""#, "mail", true), (#"["web","mail"]"#, "mail", true), (#"["web"]"#, "mail", false),
        (#""mailbox""#, "mail", false), (#"["mail",7]"#, "mail", false), ("null", "mail", false), ("7", "", true),
    ])
    func audiences(_ json: String, _ audience: String, _ isThere: Bool) {
        let text = #"{"active":true,"username":"a@b.test","aud":\#(json)}"#
        let rules = IntrospectionRules(userClaim: "username", audience: audience)
        #expect((IntrospectionAnswer(Array(text.utf8), rules)?.holder != nil) == isThere)
    }

    @Test(arguments: ["", "{}", "[]", "true", #"{"active":"true"}"#, #"{"active":1}"#, #"{"active":true"#, "<html>"])
    func `What is no answer`(text: String) { #expect(IntrospectionAnswer(Array(text.utf8), Self.user) == nil) }

    @Test(arguments: [
        ("", true), ("https://id.example.org/introspect", true), ("http://localhost:8080/x", true),
        ("http://127.0.0.1/x", true), ("http://[::1]:9/x", true), ("http://id.example.org/x", false),
        ("https://", false),
        ("http://127.0.0.1.example.org/", false), ("http://localhost@example.org/", false), ("ftp://x/", false),
        ("https://user:secret@id.example.org/", false), ("https://id.example.org/a b", false), ("file:///etc/x", false),
    ])
    func `Where tokens may go`(address: String, isAllowed: Bool) {
        #expect((TokenSettings.address.declaration.refusal(address) == nil) == isAllowed)
    }
}
