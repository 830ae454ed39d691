// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import IMAPClient
import POP3Client
import Runtime
import SMTPClient

/// Who may log on.
struct User: Sendable, Hashable {
    var name: String
    var password: [UInt8]
}

/// The server, by its addresses.
struct Target: Sendable {
    let host: String
    let users: [User]
    let tls: TLSContext
    private let options: LoadOptions

    init(_ options: LoadOptions) throws {
        self.options = options
        host = options.word("host", "127.0.0.1")
        tls = try TLSContext.client(verify: false)
        users = options.has("users") ? try Self.read(try options.text("users")) : []
    }

    /// A line each: name, space, password.
    private static func read(_ path: String) throws -> [User] {
        guard let file = unsafe fopen(path, "r") else { throw LoadOptions.Missing(name: "a readable \(path)") }
        defer { unsafe fclose(file) }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { octets += chunk[..<count] }
        let users = octets.split(separator: ASCII.lf).compactMap { line -> User? in
            let words = line.split(separator: ASCII.space, maxSplits: 1)
            return words.count == 2
                ? User(name: String(decoding: words[0], as: UTF8.self), password: Array(words[1])) : nil
        }
        guard !users.isEmpty else { throw LoadOptions.Missing(name: "users in \(path)") }
        return users
    }

    func user(_ number: Int) -> User { users[(options.number("first", 0) + number) % users.count] }

    private func address(_ name: String) throws -> SocketAddress {
        guard let port = UInt16(try options.text(name)), let address = SocketAddress(host: host, port: port) else {
            throw LoadOptions.Missing(name: "--host ADDRESS and --\(name) PORT")
        }
        return address
    }

    private func connect(_ name: String, _ loop: EventLoop) async throws -> Connection {
        try await Connection.connect(to: try address(name), loop: loop, timeout: .seconds(30))
    }

    /// A session that has logged on: by TLS where --imaps is given, or else on --imap.
    func imap(_ user: User, _ loop: EventLoop) async throws -> IMAPClientSession {
        let hasTLS = options.has("imaps")
        let connection = try await connect(hasTLS ? "imaps" : "imap", loop)
        let session = IMAPClientSession(connection, limits: IMAPClientLimits(wait: .seconds(120)))
        do {
            if hasTLS { try await session.connectTLS(tls, serverName: "localhost") }
            try await session.open()
            try await session.logOn(user: user.name, password: user.password)
        } catch {
            session.abort()
            throw error
        }
        return session
    }

    func pop3(_ user: User, _ loop: EventLoop) async throws -> POP3ClientSession {
        let hasTLS = options.has("pop3s")
        let connection = try await connect(hasTLS ? "pop3s" : "pop3", loop)
        let session = POP3ClientSession(connection, limits: POP3ClientLimits(wait: .seconds(120)))
        do {
            if hasTLS { try await session.connectTLS(tls, serverName: "localhost") }
            try await session.open()
            try await session.logOn(user: user.name, password: user.password)
        } catch {
            session.abort()
            throw error
        }
        return session
    }

    func smtp(_ loop: EventLoop) async throws -> SMTPClientSession {
        let session = SMTPClientSession(try await connect("smtp", loop), .smtp, timeouts: .local)
        do { try await session.open(as: "load.example.org") } catch {
            session.abort()
            throw error
        }
        return session
    }
}
