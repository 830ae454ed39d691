// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing
import TokenIntrospection

@Suite struct IntrospectionAnswerTests {
    @Test(
        "answers of RFC 7662 §2.2",
        arguments: [
            (#"{"active":true,"username":"alice@example.test","exp":1419356238}"#, "alice@example.test", 1_419_356_238),
            (#"{"active":true,"username":"alice@example.test","scope":"mail imap"}"#, "alice@example.test", nil),
            (#"{"active":false,"username":"alice@example.test"}"#, nil, nil), (#"{"active":false}"#, nil, nil),
            (#"{"active":true,"sub":"Z5O3upPC88QrAjx00dis","scope":"imap"}"#, nil, nil),
            (#"{"active":true,"username":7,"scope":"imap"}"#, nil, nil),
        ] as [(String, String?, Int64?)]
    )
    func answers(_ text: String, _ holder: String?, _ expiry: Int64?) throws {
        let answer = try #require(IntrospectionAnswer(Array(text.utf8), userClaim: "username"))
        #expect(answer.holder == holder)
        #expect(answer.expiry == expiry)
    }

    @Test(arguments: [("imap", true), ("mail", true), ("im", false), ("imap mail", false)])
    func scopes(_ scope: String, _ isThere: Bool) {
        let text = #"{"active":true,"username":"a@b.test","scope":"mail imap"}"#
        let answer = IntrospectionAnswer(Array(text.utf8), userClaim: "username", scope: scope)
        #expect((answer?.holder != nil) == isThere)
    }

    @Test(arguments: ["", "{}", "[]", "true", #"{"active":"true"}"#, #"{"active":1}"#, #"{"active":true"#, "<html>"])
    func `What is no answer`(text: String) {
        #expect(IntrospectionAnswer(Array(text.utf8), userClaim: "username") == nil)
    }
}
