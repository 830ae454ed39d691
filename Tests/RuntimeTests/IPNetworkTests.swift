// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "203.0.113.9", true), ("0.0.0.0/0", "2001:db8::1", false),
        ("2001:db8::/32", "2001:db8:1::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::/0", "::1", true),
        ("::1", "::1", true), ("127.0.0.0/8", "127.255.0.1", true),
    ])
    func `An address is in a network or not`(network: String, address: String, isIn: Bool) throws {
        let network = try #require(IPNetwork(network))
        #expect(network.contains(try #require(SocketAddress(host: address, port: 25))) == isIn)
        #expect(!network.contains(.unix))
        #expect(IPNetwork(network.description) == network)
    }

    @Test(arguments: [
        "", "/", "192.0.2.0/33", "192.0.2.1/24", "2001:db8::/129", "192.0.2.0/", "x/8", "1.2.3.4/-1", "1.2.3/8",
    ])
    func `Other texts are no network`(text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
