// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MessageFormat
internal import Testing

@testable import MailAdmin

@Suite struct EnvelopeTextTests {
    @Test(arguments: [
        ("Ann <ann@example.org>", "Ann <ann@example.org>"), ("ann@example.org, bob", "ann@example.org, bob"),
        ("Team: ann@example.org, b@c;, x@y", "Team: ann@example.org, b@c;, x@y"), ("", ""),
        ("=?utf-8?q?J=C3=BCrgen?= <j@example.org>", "Jürgen <j@example.org>"),
    ])
    func `Addresses are shown as people write them`(header: String, shown: String) {
        #expect(EnvelopeText.addresses(EnvelopeAddress.list(parsing: Array(header.utf8))) == shown)
    }
}
