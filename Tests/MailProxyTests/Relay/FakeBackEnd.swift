// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Locking
import MailProxy
import Runtime

/// A back-end that checks assertions and knows a few commands with which a test makes it die.
///
/// It listens on a Unix socket of its own.
final class FakeBackEnd: Sendable {
    let path = "/tmp/martlet-test-\(Hex.encode(secureRandom(8))).sock"
    let secret: AssertionSecret
    private let assertions = Lock<[SessionAssertion]>([])
    private let refusals: Lock<[BackEndStatus]>
    private let running = Lock<(fd: Int32, listener: Listener)?>(nil)

    init(secret: AssertionSecret, refusing: [BackEndStatus] = []) {
        self.secret = secret
        refusals = Lock(refusing)
    }

    /// Every assertion that was accepted.
    var opened: [SessionAssertion] { assertions.withLock { $0 } }

    func start(on loop: EventLoop) throws {
        let fd = try bindUnix(path: path, mode: 0o600)
        let listener = Listener(fd: fd, loops: [loop], maximumConnections: 10) { await self.serve($0) }
        listener.start()
        running.withLock { $0 = (fd, listener) }
    }

    func stop() {
        guard let (fd, listener) = running.withLock({ $0 }) else { return }
        listener.stop()
        close(fd)
        unsafe unlink(path)
    }

    private func serve(_ connection: Connection) async {
        guard let line = try? await connection.readLine(maximum: SessionAssertion.maximumLineOctets),
            let assertion = try? SessionAssertion(
                verifying: line.bytes,
                key: secret,
                now: BackEndDialer.millisecondsSince1970()
            )
        else { return connection.write(BackEndStatus.refused(BackEndRefusal(.assertion, "no")).line) }
        if let refusal = refusals.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            return connection.write(refusal.line)
        }
        assertions.withLock { $0.append(assertion) }
        connection.write(BackEndStatus.ready.line)
        switch assertion.opening {
        case .logOn(let tag): connection.write(String(decoding: tag, as: UTF8.self) + " OK logged on\r\n")
        case .silent: connection.write("* PREAUTH hello\r\n")
        }
        while let line = try? await connection.readLine(maximum: 100_000), await answer(line, connection) {}
    }

    private func answer(_ line: Line, _ connection: Connection) async -> Bool {
        let words = line.bytes.split(separator: ASCII.space).map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 2 else { return true }
        let count = words.count > 2 ? Int(words[2]) ?? 0 : 0
        switch words[1] {
        case "DIE":
            try? await connection.flush()
            connection.abort()
            return false
        case "HALF":
            connection.write("* 1 FETCH (BODY[] {1000}\r\nabc")
            try? await connection.flush()
            connection.abort()
            return false
        case "SEND":
            connection.write("* 1 FETCH (BODY[] {\(count)}\r\n")
            for start in stride(from: 0, to: count, by: 10_000) {
                guard (try? await connection.send([UInt8](repeating: 0x79, count: min(10_000, count - start)))) != nil
                else {
                    return false
                }
            }
            connection.write(")\r\n")
        case "TAKE":
            connection.write("+ go\r\n")
            guard (try? await connection.readExactly(count)) != nil,
                (try? await connection.readLine(maximum: 10)) != nil
            else { return false }
        default: break
        }
        connection.write("\(words[0]) OK done\r\n")
        return words[1] != "LOGOUT"
    }
}
