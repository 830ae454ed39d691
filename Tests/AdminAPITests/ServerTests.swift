// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Events
internal import Glibc
internal import Runtime
internal import Testing

@Suite(.timeLimit(.minutes(20))) struct ServerTests {
    /// What the server answers to `sent`, of which the sending side is then closed.
    private func answer(to sent: [UInt8], inPieces size: Int = .max) async throws -> String {
        let folder = makeDataFolder()
        return try await EventLoop.run { loop in
            let server = AdminServer(router: sampleRouter(folder: folder), dataFolder: folder, events: .none)
            return try await Connection.withPeer(
                loop: loop,
                peer: { connection in
                    await server.serve(connection)
                    await connection.close()
                },
                { connection in
                    connection.idleTimeout = .seconds(180)
                    var rest = sent[...]
                    var received: [UInt8] = []
                    do throws(IOError) {
                        while !rest.isEmpty {
                            connection.write(rest.prefix(size))
                            rest = rest.dropFirst(size)
                            try await connection.flush()
                        }
                        while true {
                            let bytes = try await connection.readSome(maximum: 65_536)
                            if bytes.isEmpty { break }
                            received += bytes
                        }
                    } catch {
                        // The server may end before all was sent; what it said counts.
                    }
                    return String(decoding: received, as: UTF8.self)
                }
            )
        }
    }

    private static let good = "GET /v1/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    @Test func `A request is answered, whole or byte by byte`() async throws {
        for size in [Int.max, 1, 7] {
            let text = try await answer(to: Array(Self.good.utf8), inPieces: size)
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "))
            #expect(text.contains("\"name\":\"imap\""))
        }
    }

    @Test func `Requests follow one another on a connection`() async throws {
        let body = "{\"value\":\"5\"}"
        let path = "/v1/settings/values/imap/share-retry-attempts"
        let sent =
            "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\nExpect: 100-continue\r\n\r\n\(body)"
            + "GET \(path) HTTP/1.1\r\nhost:x\r\n\r\n" + "GET /v1/%73ervices?a=%20b+c&&= HTTP/1.0\r\n\r\n"
            + "GET /never HTTP/1.1\r\nHost: x\r\n\r\n"
        let text = try await answer(to: Array(sent.utf8))
        #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        #expect(text.components("HTTP/1.1 200 OK") == 3)
        #expect(!text.contains("404"))
    }

    @Test(arguments: [
        ("GARBAGE\r\n\r\n", 400), ("\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
        ("GET  / HTTP/1.1\r\n\r\n", 400), ("GET x HTTP/1.1\r\n\r\n", 400), ("GET /\u{1} HTTP/1.1\r\n\r\n", 400),
        ("G\u{7f}T / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\nHost: x\n\n", 431),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 404),
        ("GET /v1/services HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nMartlet-Caller: root\r\n\r\n", 400),
        ("BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501), ("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /%f HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("PUT /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n{a}", 400),
        ("GET /\(String(repeating: "a/", count: 20)) HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        ("GET /?\(String(repeating: "a&", count: 200)) HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\(String(repeating: "a: b\r\n", count: 100))\r\n", 431),
        ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404),
    ])
    func `Hostile requests get their status and the connection ends`(sent: String, status: Int) async throws {
        let text = try await answer(to: Array(sent.utf8) + Array(Self.good.utf8))
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
        #expect(text.components("Content-Length: ") == 1)
    }

    @Test(arguments: 0..<30)
    func `Noise and truncated requests end in peace`(seed: UInt64) async throws {
        var bytes = Array(Self.good.utf8)
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        for _ in 0..<5 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
        }
        // A blank line, so that no damage leaves the server waiting for more.
        let text = try await answer(to: bytes + Array("\r\n\r\n\r\nX\r\n\r\n".utf8))
        #expect(text.hasPrefix("HTTP/1.1 "))
    }

    @Test func `The client speaks to the server over a socket with a long path`() async throws {
        let folder = makeDataFolder() + "/" + String(repeating: "d", count: 120)
        unsafe mkdir(folder, 0o700)
        let path = folder + "/admin.sock"
        let descriptor = try bindUnix(path: path, mode: 0o600)
        try await EventLoop.run { loop in
            let server = AdminServer(router: sampleRouter(folder: folder), dataFolder: folder, events: .none)
            let listener = Listener(fd: descriptor, loops: [loop], maximumConnections: 10) { await server.serve($0) }
            listener.start()
            let client = AdminClient(path: path, loop: loop)
            #expect(try await client.isServed())
            let account: JSONValue = ["address": "ann@example.org", "password": "pä ss"]
            let added = try await client.send(AdminRequest(.post, ["v1", "accounts"], body: account)).get()
            #expect(added["address"] == "ann@example.org")
            let shown = try await client.send(AdminRequest(.get, ["v1", "accounts", "ann@example.org"])).get()
            #expect(shown == added)
            await #expect(throws: AdminError(.notFound, "There is no account \"a b\"@example.org.")) {
                try await client.send(AdminRequest(.get, ["v1", "accounts", "\"a b\"@example.org"])).get()
            }
            listener.stop()
            #expect(try await AdminClient(path: folder + "/none", loop: loop).isServed() == false)
        }
    }

    @Test func `A server that says nothing is waited for as long as was said`() async throws {
        let path = makeDataFolder() + "/admin.sock"
        // Nobody takes what connects.
        let descriptor = try bindUnix(path: path, mode: 0o600)
        defer { close(descriptor) }
        try await EventLoop.run { loop in
            let client = AdminClient(path: path, loop: loop, patience: .milliseconds(50))
            await #expect(throws: AdminError.self) { try await client.send(AdminRequest(.get, ["v1", "services"])) }
        }
    }
}

extension String {
    /// How often `part` occurs.
    func components(_ part: String) -> Int { ranges(of: part).count }
}
