// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import BackEndRole

@Suite("Trace fields in front of a message")
struct TraceFieldsTests {
    @Test(
        "They end where the sender's own fields begin",
        arguments: [
            ("", ""), ("Subject: x\r\n\r\n", "Subject: x\r\n\r\n"),
            ("Return-Path: <a@b>\r\nDelivered-To: c@d\r\nReceived: from x\r\n\tby y\r\nFrom: z\r\n", "From: z\r\n"),
            ("RECEIVED: x\r\n continued\r\n\r\nbody", "\r\nbody"), (" folded first", " folded first"),
            ("Received: cut", "Received: cut"), ("Received", "Received"),
        ]
    )
    func end(message: String, rest: String) {
        let bytes = Array(message.utf8)
        let end = unsafe TraceFields.end(in: bytes.span.bytes)
        #expect(Array(bytes.dropFirst(end)) == Array(rest.utf8))
    }
}
