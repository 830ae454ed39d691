// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire

extension Load {
    /// Sends messages to some domains through the server until all of them have come out at a sink of ours, whole and
    /// once.
    ///
    /// The server must be told to send what is for dN.relay.test to port --sink.
    static func relay(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        guard let port = UInt16(try options.text("sink")), let address = SocketAddress(host: "0.0.0.0", port: port)
        else {
            throw LoadOptions.Missing(name: "--sink PORT")
        }
        let sink = Sink()
        let listener = Listener(fd: try bindTCP(address), loops: [loop], maximumConnections: 20_000) { connection in
            await sink.serve(connection)
        }
        listener.start()
        defer { listener.stop() }
        let messages = Messages(octets: options.octets)
        let domains = options.number("domains", 1)
        let total = options.number("messages", 1000)
        let run = Hex.encode(secureRandom(4))
        var (tally, begun) = await sessions(options.sessions, loop) { _ in
            try await target.smtp(loop)
        } work: { number, session, tally in
            for message in stride(from: number, to: total, by: options.sessions) {
                let recipient = "user@d\(message % domains).relay.test"
                let octets = messages.make("\(run)-\(message)", message, to: recipient)
                let began = ContinuousClock.now
                try await send(octets, to: recipient, over: session)
                tally.note(ContinuousClock.now - began, octets: octets.count)
                if options.think > .zero { try await loop.sleep(for: options.think) }
            }
            await session.quit()
        }
        let accepted = (ContinuousClock.now - begun).inSeconds
        let limit = ContinuousClock.now + .seconds(300)
        while sink.count < tally.operations, .now < limit { try await loop.sleep(for: .milliseconds(5)) }
        let seconds = (ContinuousClock.now - begun).inSeconds
        let (found, damaged) = sink.found
        if damaged > 0 { tally.fail("\(damaged) messages came out changed") }
        check(Set((0..<total).map { "\(run)-\($0)" }), found, &tally)
        let rate = Double(tally.operations) / accepted
        return LoadResult(tally: tally, seconds: seconds, more: [("accepted_per_second", .number(rate))])
    }
}

/// Takes every message, and counts it by its token.
final class Sink: Sendable {
    private let state = Lock((found: [String: Int](), damaged: 0, count: 0))

    var count: Int { state.withLock { $0.count } }
    var found: (tokens: [String: Int], damaged: Int) { state.withLock { ($0.found, $0.damaged) } }

    func serve(_ connection: Connection) async {
        connection.idleTimeout = .seconds(60)
        do throws(IOError) {
            connection.write("220 sink.relay.test\r\n")
            while let line = try await connection.readLine(maximum: 4096), try await answer(line.bytes, connection) {}
        } catch {
            connection.abort()
        }
    }

    /// Whether the session goes on.
    private func answer(_ line: [UInt8], _ connection: Connection) async throws(IOError) -> Bool {
        switch String(decoding: line.prefix(4).map(ASCII.upper), as: UTF8.self) {
        case "EHLO": connection.write("250-sink.relay.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n")
        case "DATA":
            connection.write("354 go on\r\n")
            take(try await readData(connection))
            connection.write("250 2.0.0 taken\r\n")
        case "QUIT":
            connection.write("221 2.0.0 bye\r\n")
            return false
        default: connection.write("250 2.0.0 OK\r\n")
        }
        return true
    }

    private func readData(_ connection: Connection) async throws(IOError) -> [UInt8] {
        var decoder = DataDecoder(framing: .dotted, bareNewlines: .keep)
        var octets: [UInt8] = []
        while !decoder.isAtEnd {
            let more: Void? = try await connection.withAvailable { (decoder.decode($0, into: &octets), ()) }
            guard more != nil else { throw .closed }
        }
        return octets
    }

    private func take(_ octets: [UInt8]) {
        let token = Messages.token(of: octets)
        state.withLock { state in
            state.count += 1
            if let token { state.found[token, default: 0] += 1 } else { state.damaged += 1 }
        }
    }
}
