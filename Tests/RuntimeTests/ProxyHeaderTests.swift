// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Runtime
import Testing

@Suite(.timeLimit(.minutes(20))) struct ProxyHeaderTests {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    static func binary(_ command: UInt8, _ family: UInt8, _ payload: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    static let four: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0x12, 0x67, 0, 25]
    static let six: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0, count: 16)
        + [0x12, 0x67, 0, 25]
    static let mapped: [UInt8] =
        [UInt8](repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1] + [UInt8](repeating: 0, count: 16) + [
            0x12, 0x67, 0, 25,
        ]

    /// Headers, and whom they name: `-` for nobody.
    static let headers: [([UInt8], String)] = [
        (Array("PROXY TCP4 192.0.2.1 198.51.100.1 4711 25\r\n".utf8), "192.0.2.1:4711"),
        (Array("PROXY TCP6 2001:db8::1 2001:db8::2 4711 25\r\n".utf8), "[2001:db8::1]:4711"),
        (Array("PROXY UNKNOWN\r\n".utf8), "-"), (Array("PROXY UNKNOWN what ever\r\n".utf8), "-"),
        (binary(0x21, 0x11, four), "192.0.2.1:4711"), (binary(0x21, 0x11, four + [3, 0, 1, 9]), "192.0.2.1:4711"),
        (binary(0x21, 0x21, six), "[2001:db8::1]:4711"), (binary(0x21, 0x21, mapped), "192.0.2.1:4711"),
        (binary(0x20, 0x00, []), "-"), (binary(0x20, 0x11, four), "-"), (binary(0x21, 0x00, []), "-"),
        (binary(0x21, 0x31, [UInt8](repeating: 0x61, count: 216)), "-"),
    ]

    @Test(arguments: headers)
    func `Headers are read, octet by octet as the reader asks`(header: [UInt8], client: String) {
        var taken: [UInt8] = []
        var rest = header[...]
        while case .needs(let count) = ProxyHeader.read(taken) {
            #expect(count > 0 && count <= rest.count, "more was asked for than the header has")
            guard count > 0, count <= rest.count else { return }
            taken += rest.prefix(1)
            rest = rest.dropFirst(1)
        }
        #expect(rest.isEmpty)
        switch ProxyHeader.read(taken) {
        case .whole(.client(let address)): #expect(address.description == client)
        case .whole(.local): #expect(client == "-")
        default: Issue.record("not read: \(header)")
        }
    }

    @Test(arguments: [
        "EHLO x\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n", "PROXY TCP4 2001:db8::1 2001:db8::2 4711 25\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 65536 25\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n", "PROXY  TCP4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n", "PROXY \r\n",
        "PROXY UNKNOWN " + String(repeating: "x", count: 100) + "\r\n", "PROXY UNKNOWN a\rb\r\n",
    ])
    func `What is no header is refused`(text: String) {
        #expect(Self.outcome(Array(text.utf8)) == .invalid)
    }

    @Test func `Nor what is no binary header`() {
        for header in [
            Self.binary(0x11, 0x11, Self.four), Self.binary(0x22, 0x11, Self.four), Self.binary(0x21, 0x11, [1, 2]),
            Self.binary(0x21, 0x21, Self.four), Self.binary(0x21, 0x11, [UInt8](repeating: 0, count: 5000)),
            Array(Self.signature.dropLast()) + [0x0B, 0x21, 0x11, 0, 0],
        ] {
            #expect(Self.outcome(header) == .invalid)
        }
    }

    /// Feeds octets one at a time.
    static func outcome(_ octets: [UInt8]) -> ProxyHeader.Reading {
        for count in 0...octets.count {
            let reading = ProxyHeader.read(Array(octets.prefix(count)))
            if case .needs = reading { continue }
            return reading
        }
        return .needs(1)
    }

    @Test(arguments: [Int.max, 1])
    func `A connection becomes the client's, and nothing behind the header is lost`(piece: Int) async throws {
        for (header, client) in Self.headers {
            let address = try await EventLoop.run { loop in
                try await Connection.withPeer(
                    loop: loop,
                    peer: { peer in
                        var rest = (header + Array("EHLO x\r\n".utf8))[...]
                        while !rest.isEmpty {
                            peer.write(Array(rest.prefix(piece)))
                            rest = rest.dropFirst(piece)
                            try await peer.flush()
                        }
                        _ = try? await peer.readSome(maximum: 1)
                    }
                ) { connection in
                    let isAccepted = try await connection.acceptProxyHeader()
                    #expect(isAccepted)
                    let line = try await connection.readLine(maximum: 100)
                    #expect(line?.bytes == Array("EHLO x".utf8))
                    return connection.peer.description
                }
            }
            #expect(address == (client == "-" ? "unix" : client))
        }
    }

    @Test func `Who ends before the header is whole has none`() async throws {
        let isAccepted = try await EventLoop.run { loop in
            try await Connection.withPeer(loop: loop, peer: { $0.write("PROXY TCP4 192.0") }) { connection in
                try await connection.acceptProxyHeader()
            }
        }
        #expect(!isAccepted)
    }
}
