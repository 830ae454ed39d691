// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Testing

@testable import TokenIntrospection

@Suite struct KnownTokensTests {
    private static func answer(_ expiry: String) throws -> IntrospectionAnswer {
        let text = #"{"active":true,"username":"a@b.test"\#(expiry)}"#
        return try #require(IntrospectionAnswer(Array(text.utf8), IntrospectionRules(userClaim: "username")))
    }

    @Test(
        "remembered for so many seconds",
        arguments: [
            ("", 60), (#","exp":1000030"#, 30), (#","exp":1000090"#, 60), (#","exp":1000000"#, 0), (#","exp":5"#, 0),
            (#","exp":-9223372036854775808"#, 60), (#","exp":9223372036854775807"#, 60), (#","exp":"x""#, 60),
        ]
    )
    func lifetimes(_ expiry: String, _ seconds: Int) throws {
        let known = KnownTokens()
        let now = ContinuousClock.now
        known.keep(try Self.answer(expiry), on: [1], for: .seconds(60), at: now, time: 1_000_000)
        #expect(known.verdict(on: [2], at: now) == nil)
        #expect(known.verdict(on: [1], at: now) == (seconds > 0 ? .holder("a@b.test") : nil))
        #expect(known.verdict(on: [1], at: now + .seconds(seconds)) == nil)
        if seconds > 0 { #expect(known.verdict(on: [1], at: now + .seconds(seconds - 1)) != nil) }
    }

    @Test func `No more are remembered than there is room for`() throws {
        let known = KnownTokens()
        let answer = try Self.answer("")
        let now = ContinuousClock.now
        for number in 0...KnownTokens.maximumCount {
            let key = [UInt8(number & 255), UInt8(number >> 8 & 255), UInt8(number >> 16)]
            known.keep(answer, on: key, for: .seconds(60), at: now, time: 0)
        }
        #expect(known.verdict(on: [0, 0, 0], at: now) == nil)
        let last = KnownTokens.maximumCount
        #expect(known.verdict(on: [UInt8(last & 255), UInt8(last >> 8 & 255), UInt8(last >> 16)], at: now) != nil)
    }

    @Test(arguments: [("a-._~Z9", "a-._~Z9"), ("p&ss w=rd+%", "p%26ss%20w%3Drd%2B%25"), ("ü\n", "%C3%BC%0A"), ("", "")])
    func `Forms are escaped`(text: String, escaped: String) { #expect(HTTPPost.escaped(text) == escaped) }
}
