// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Events
internal import Glibc
internal import Locking
internal import Runtime
internal import Testing

/// Long operations: one that echoes its body, one that goes on until it is cancelled, one that fails.
private func longOperations(_ cancelled: Lock<Bool>) -> [AdminOperation] {
    [
        AdminOperation(streaming: .post, "v1/echo") { (_, exchange) throws(AdminError) in
            var count = 0
            while let octets = try await exchange.receive() {
                count += octets.count
                try await exchange.send(["octets": .integer(Int64(octets.count))], octets)
            }
            return ["count": .integer(Int64(count))]
        },
        AdminOperation(streaming: .post, "v1/endless") { (_, exchange) throws(AdminError) in
            try await exchange.send(["progress": "begun"])
            defer { cancelled.withLock { $0 = exchange.isCancelled } }
            while try await exchange.receive() != nil {}
            return .null
        },
        AdminOperation(streaming: .post, "v1/failing") { (_, exchange) throws(AdminError) in
            throw AdminError(.conflict, "another is at it")
        },
        AdminOperation(.get, "v1/short") { (_) throws(AdminError) in "short" },
    ]
}

/// Sends everything to `elsewhere`.
private struct Elsewhere: AdminForwarding {
    let socket: String
    func way(of request: AdminRequest) async throws(AdminError) -> ForwardedRequest? {
        ForwardedRequest(socket: socket, request: request)
    }
}

@Suite(.timeLimit(.minutes(20))) struct StreamingTests {
    /// Runs `body` with a client whose requests are answered behind one server that forwards.
    private func withServer(
        _ body: @escaping @Sendable (AdminClient, Lock<Bool>) async throws -> Void
    ) async throws {
        let folder = makeDataFolder()
        let (front, back) = (folder + "/admin.sock", folder + "/backend.sock")
        let descriptors = [try bindUnix(path: front, mode: 0o600), try bindUnix(path: back, mode: 0o600)]
        try await EventLoop.run { loop in
            let cancelled = Lock(false)
            let inner = AdminServer(
                router: AdminRouter(operations: longOperations(cancelled), events: .none),
                dataFolder: folder,
                events: .none
            )
            let outer = AdminServer(
                router: AdminRouter(operations: [], events: .none),
                forwarder: Elsewhere(socket: back),
                dataFolder: folder,
                events: .none
            )
            let listeners = [
                Listener(fd: descriptors[0], loops: [loop], maximumConnections: 10) { await outer.serve($0) },
                Listener(fd: descriptors[1], loops: [loop], maximumConnections: 10) { await inner.serve($0) },
            ]
            for listener in listeners { listener.start() }
            try await body(AdminClient(path: front, loop: loop), cancelled)
            for listener in listeners { listener.stop() }
        }
    }

    @Test(arguments: [0, 1, 300_000, 2_000_000])
    func `A body of any length goes in and comes back, over two processes' sockets`(size: Int) async throws {
        try await withServer { client, _ in
            let call = try await client.open(AdminRequest(.post, ["v1", "echo"]), hasBody: true)
            var answer = AdminAnswer(call)
            let octets = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
            var returned: [UInt8] = []
            var rest = octets[...]
            while !rest.isEmpty {
                try await call.send(Array(rest.prefix(50_000)))
                rest = rest.dropFirst(50_000)
                while let item = try answer.nextAvailable() { if case .octets(let some) = item { returned += some } }
            }
            try await call.endBody()
            while let item = try await answer.next() { if case .octets(let some) = item { returned += some } }
            #expect(returned == octets)
            #expect(answer.outcome?["count"]?.integer == Int64(size))
        }
    }

    @Test func `Hanging up ends the operation`() async throws {
        try await withServer { client, cancelled in
            let call = try await client.open(AdminRequest(.post, ["v1", "endless"]), hasBody: true)
            var answer = AdminAnswer(call)
            #expect(try await answer.next() == .head(["progress": "begun"], octets: 0))
            call.hangUp()
            for _ in 0..<500 where !cancelled.withLock({ $0 }) { try await client.pause() }
            #expect(cancelled.withLock { $0 })
        }
    }

    @Test func `Errors are told, before and after the first step`() async throws {
        try await withServer { client, _ in
            var failing = AdminAnswer(try await client.open(AdminRequest(.post, ["v1", "failing"]), hasBody: false))
            let failure = await error { _ = try await failing.finish() }
            #expect(failure == AdminError(.conflict, "another is at it"))
            var missing = AdminAnswer(try await client.open(AdminRequest(.post, ["v1", "none"]), hasBody: true))
            let refusal = await error { _ = try await missing.finish() }
            #expect(refusal?.code == .notFound)
            #expect(try await client.send(AdminRequest(.get, ["v1", "short"])).get() == "short")
            let wrongWay = try await client.send(AdminRequest(.get, ["v1", "echo"]))
            #expect(wrongWay.status == 405)
        }
    }

    private func error(_ body: () async throws -> Void) async -> AdminError? {
        do { try await body() } catch { return error as? AdminError }
        return nil
    }

    @Test func `Without a server the same operation runs in this process`() async throws {
        try await EventLoop.run { _ in
            let router = AdminRouter(operations: longOperations(Lock(false)), events: .none)
            let request = AdminRequest(.post, ["v1", "echo"])
            let call = LocalCall(router, try router.operation(for: request), request, hasBody: true)
            var answer = AdminAnswer(call)
            var count = 0
            for _ in 0..<40 {
                try await call.send([UInt8](repeating: 7, count: 50_000))
                while let item = try answer.nextAvailable() { if case .octets(let some) = item { count += some.count } }
            }
            try await call.endBody()
            while let item = try await answer.next() { if case .octets(let some) = item { count += some.count } }
            #expect(count == 2_000_000)
            #expect(answer.outcome?["count"] == 2_000_000)
        }
    }

    // MARK: The pieces

    private static let items = Array("{\"octets\":3}\nabc\n{\"x\":1}\n{\"octets\":0}\n{\"octets\":1}\n\n".utf8)

    @Test(arguments: [1, 2, 5, 1000])
    func `Items are the same in any pieces`(size: Int) throws {
        var decoder = AdminItemDecoder()
        var heads: [JSONValue] = []
        var octets: [UInt8] = []
        for start in stride(from: 0, to: Self.items.count, by: size) {
            decoder.add(Array(Self.items[start..<min(start + size, Self.items.count)]))
            while let item = try decoder.next() {
                switch item {
                case .head(let head, _): heads.append(head)
                case .octets(let some): octets += some
                }
            }
        }
        #expect(heads == [["octets": 3], ["x": 1], ["octets": 0], ["octets": 1]])
        #expect(octets == Array("abc\n".utf8))
        #expect(decoder.isComplete)
    }

    @Test(arguments: ["{\n", "x\n", "{\"octets\":-1}\n", "{\"octets\":\"1\"}\n", "{\"octets\":99999999999999999}\n"])
    func `What is no item is refused`(text: String) {
        var decoder = AdminItemDecoder()
        decoder.add(Array(text.utf8))
        #expect(throws: AdminError.self) { try decoder.next() }
    }

    @Test(arguments: [
        ("0\r\n\r\n", "", true), ("3\r\nabc\r\n0\r\n\r\n", "abc", true),
        ("A;x=y\r\n0123456789\r\n", "0123456789", false),
        ("1\r\na\r\n1\r\nb\r\n0\r\nTrailer: x\r\n\r\nrest", "ab", true), ("3\r\nab", "ab", false),
    ])
    func `Chunks are the same in any pieces`(text: String, data: String, isDone: Bool) {
        for size in [1, 3, 1000] {
            var decoder = ChunkedDecoder()
            var decoded: [UInt8] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                decoded += decoder.decode(Array(bytes[start..<min(start + size, bytes.count)])) ?? [0xFF]
            }
            #expect(String(decoding: decoded, as: UTF8.self) == data)
            #expect(decoder.isDone == isDone)
        }
    }

    @Test(arguments: ["x\r\n", "\r\n", "1\nab", "3\r\nabcd\r\n", "1234567890123456\r\n", "-1\r\n"])
    func `What is no chunk is refused`(text: String) {
        var decoder = ChunkedDecoder()
        #expect(decoder.decode(Array(text.utf8)) == nil)
    }

    @Test func `What was put into chunks comes out`() {
        let data = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var decoder = ChunkedDecoder()
        #expect(decoder.decode(ChunkedEncoder.chunk(data) + ChunkedEncoder.chunk([]) + ChunkedEncoder.end) == data)
        #expect(decoder.isDone)
    }
}

extension AdminClient {
    /// Waits a moment on the client's loop.
    fileprivate func pause() async throws { try await EventLoop.current?.sleep(for: .milliseconds(10)) }
}
