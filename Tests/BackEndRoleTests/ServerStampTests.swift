// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import BackEndRole

@Suite("What this server put in front of a sender's copy")
struct ServerStampTests {
    private static let cases: [(String, String)] = [
        ("", ""), ("Subject: x\r\n\r\nbody", "Subject: x\r\n\r\nbody"),
        ("Received: from a\r\n\tby b;\r\n\tdate\r\nReceived: theirs\r\nTo: x\r\n", "Received: theirs\r\nTo: x\r\n"),
        ("X-Martlet-Listed: bl.example\r\nReceived: a\r\nTo: b\r\n", "To: b\r\n"),
        ("Received: a\r\n\r\nbody", "\r\nbody"),
        ("Rec", "Rec"), ("Received: cut", "Received: cut"), ("received: A\r\nFrom: b\r\n", "From: b\r\n"),
    ]

    @Test("It goes, and nothing else", arguments: cases)
    func whole(message: String, rest: String) {
        var stamp = ServerStamp()
        let kept = stamp.withoutStamp(Array(message.utf8)) + stamp.finish()
        #expect(String(decoding: kept, as: UTF8.self) == rest)
    }

    @Test("However the octets come", arguments: cases)
    func piecewise(message: String, rest: String) {
        var stamp = ServerStamp()
        var kept: [UInt8] = []
        for octet in message.utf8 { kept += stamp.withoutStamp([octet]) }
        #expect(String(decoding: kept + stamp.finish(), as: UTF8.self) == rest)
    }
}
