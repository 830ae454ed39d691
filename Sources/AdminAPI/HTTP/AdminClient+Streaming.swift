// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Runtime

extension AdminClient {
    /// Begins a long operation.
    package func open(_ request: AdminRequest, hasBody: Bool) async throws(AdminError) -> any AdminCall {
        do throws(IOError) {
            let connection = try await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
            connection.idleTimeout = Self.silence
            connection.write(HTTPMessage.request(request, isChunked: hasBody))
            try await connection.flush()
            return SocketCall(connection, path: path)
        } catch {
            throw Self.unanswered(path, error)
        }
    }

    /// The connection of an operation that was under way ended.
    static func brokenOff(_ path: String, _ error: IOError) -> AdminError {
        AdminError(.interrupted, "The answer broke off (\(path): \(error)). See: martlet service list")
    }

    static func unanswered(_ path: String, _ error: IOError) -> AdminError {
        AdminError(.unavailable, "The server did not answer (\(path): \(error)). See: martlet service list")
    }
}

/// A long operation at the other end of a Unix socket.
private final class SocketCall: AdminCall {
    private let connection: Connection
    private let path: String
    private var head = ResponseHead()
    private var body = ChunkedDecoder()
    /// The other side takes no more of the body.
    private var isRefused = false

    init(_ connection: Connection, path: String) {
        self.connection = connection
        self.path = path
    }

    func send(_ octets: [UInt8]) async throws(AdminError) {
        guard !isRefused else { return }
        connection.write(ChunkedEncoder.chunk(octets))
        try await flush()
    }

    func endBody() async throws(AdminError) {
        guard !isRefused else { return }
        connection.write(ChunkedEncoder.end)
        try await flush()
    }

    /// Once the other side takes no more, what it said before it closed is its answer.
    private func flush() async throws(AdminError) {
        guard !isRefused else { return }
        do throws(IOError) { try await connection.flush() } catch { isRefused = true }
    }

    func available() throws(AdminError) -> [UInt8] {
        let octets: [UInt8]?
        do throws(IOError) { octets = try connection.readAvailable() } catch {
            throw AdminClient.brokenOff(path, error)
        }
        guard let octets else { return [] }
        guard octets.isEmpty else { return try taken(octets) }
        if body.isDone { return [] }
        throw head.refusal ?? AdminClient.brokenOff(path, .closed)
    }

    func next() async throws(AdminError) -> [UInt8]? {
        while !body.isDone {
            let octets: [UInt8]
            do throws(IOError) { octets = try await connection.readSome(maximum: 256 << 10) } catch {
                throw AdminClient.brokenOff(path, error)
            }
            guard !octets.isEmpty else {
                if let refusal = head.refusal { throw refusal }
                return nil
            }
            let data = try taken(octets)
            if !data.isEmpty { return data }
        }
        return nil
    }

    func hangUp() { connection.abort() }

    /// The data in octets of the response.
    private func taken(_ octets: [UInt8]) throws(AdminError) -> [UInt8] {
        let rest = head.add(octets)
        guard head.isWhole else { return [] }
        guard head.isStream else {
            if let refusal = head.refusal { throw refusal }
            return []
        }
        guard let data = body.decode(rest) else {
            throw AdminError(.unavailable, "The server's answer is malformed (\(path)).")
        }
        return data
    }
}

/// The head of a response, and the body of one that refuses.
private struct ResponseHead {
    private static let maximumOctets = 1 << 20

    private var octets: [UInt8] = []
    private var lines: [[UInt8]] = []
    private(set) var isWhole = false
    private(set) var isStream = false
    /// The error that came instead of an answer, once it is whole.
    private(set) var refusal: AdminError?

    /// Takes octets; those of a stream's body are given back.
    mutating func add(_ more: [UInt8]) -> [UInt8] {
        guard !isStream else { return more }
        octets += more
        while !isWhole, let end = octets.firstIndex(of: ASCII.lf) {
            var line = Array(octets[..<end])
            octets.removeFirst(end + 1)
            if line.last == ASCII.cr { line.removeLast() }
            if line.isEmpty { finish() } else { lines.append(line) }
        }
        guard isStream else {
            readRefusal()
            return []
        }
        defer { octets = [] }
        return octets
    }

    private mutating func finish() {
        isWhole = true
        isStream = lines.contains {
            ASCII.lowercased(String(decoding: $0, as: UTF8.self)).hasPrefix("transfer-encoding: chunked")
        }
    }

    private mutating func readRefusal() {
        guard isWhole, octets.count <= Self.maximumOctets, let value = try? JSONValue(parsing: octets) else { return }
        refusal = AdminError(json: value) ?? AdminError(.failure, "The server's answer was not understood.")
    }
}
