// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MilterClient
import Runtime
import Settings
import Testing

@Suite struct MilterDefinitionTests {
    @Test(arguments: [
        ("unix:/run/x.sock", MilterAddress.unix("/run/x.sock")), ("local:/a:b", .unix("/a:b")),
        ("inet:127.0.0.1:8891", .inet(.ipv4(0x7F00_0001, port: 8891))),
        ("inet:8891@127.0.0.1", .inet(.ipv4(0x7F00_0001, port: 8891))),
        ("INET:localhost:1", .inet(.ipv4(0x7F00_0001, port: 1))), ("inet6:[::1]:25", .inet(.ipv6(1, port: 25))),
        ("inet6:25@::1", .inet(.ipv6(1, port: 25))),
    ])
    func `Addresses`(text: String, address: MilterAddress) { #expect(MilterAddress(text) == address) }

    @Test(arguments: [
        "", "unix", "unix:", "unix:relative", "inet:", "inet:127.0.0.1", "inet:127.0.0.1:0", "inet:127.0.0.1:65536",
        "inet:mail.example.com:25", "tcp:127.0.0.1:25", "inet:@127.0.0.1", "unix:/a\0b",
    ])
    func `What is no address`(text: String) { #expect(MilterAddress(text) == nil) }

    @Test func `From settings`() throws {
        let settings = SettingsSnapshot(texts: [
            "milter/a/address": "unix:/x", "milter/a/when-unavailable": "accept", "milter/a/content-timeout": "2s",
            "milter/command-timeout": "3s",
        ])
        let found = try #require(MilterDefinition("a", settings))
        #expect(found.address == .unix("/x") && found.fallback == .accept)
        #expect(found.contentTimeout == .seconds(2) && found.commandTimeout == .seconds(3))
        #expect(MilterDefinition("b", settings) == nil)
    }
}
