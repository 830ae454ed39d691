// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Glibc
package import MailTypes
package import Runtime

/// Opens sessions at the back-end that owns an account.
package struct BackEndDialer: Sendable {
    private let path: @Sendable (AccountID) async -> String?
    private let key: AssertionSecret
    private let deadline: Duration
    private let events: EventRecorder

    private static let firstPause = Duration.milliseconds(10)
    private static let longestPause = Duration.milliseconds(250)

    /// - Parameters:
    ///   - path: the Unix socket of the worker that owns the account now; `nil` while none does. Asked again for every
    ///     try, so that an account may move.
    ///   - deadline: `frontend/back-end-deadline`.
    package init(
        path: @escaping @Sendable (AccountID) async -> String?,
        key: AssertionSecret,
        deadline: Duration,
        events: EventRecorder
    ) {
        self.path = path
        self.key = key
        self.deadline = deadline
        self.events = events
    }

    /// Opens a session, trying again until the deadline while the back-end is absent or goes away under it: a client
    /// that logs on during a restart waits a moment and sees nothing of it.
    ///
    /// The calling task runs on `loop`.
    package func open(_ assertion: SessionAssertion, on loop: EventLoop) async throws(BackEndRefusal) -> Connection {
        let limit = ContinuousClock.now + deadline
        var pause = Self.firstPause
        var last = "no back-end owns the account"
        while true {
            do throws(DialError) {
                return try await dial(assertion, on: loop, limit)
            } catch {
                switch error {
                case .refused(let refusal):
                    record(.backEndRefused, assertion, refusal.text)
                    throw refusal
                case .shutdown:
                    throw BackEndRefusal(.temporary, "server is restarting")
                case .notNow(let reason):
                    last = reason
                }
            }
            guard ContinuousClock.now + pause < limit, (try? await loop.sleep(for: pause)) != nil else { break }
            pause = min(pause * 2, Self.longestPause)
        }
        record(.backEndUnavailable, assertion, last)
        throw BackEndRefusal(.temporary, "mail is not available now, try again")
    }

    private enum DialError: Error {
        case refused(BackEndRefusal)
        case notNow(String)
        case shutdown
    }

    /// One try.
    private func dial(
        _ assertion: SessionAssertion,
        on loop: EventLoop,
        _ limit: ContinuousClock.Instant
    ) async throws(DialError) -> Connection {
        guard let path = await path(assertion.account) else { throw .notNow("no back-end owns the account") }
        let connection: Connection
        do throws(IOError) {
            connection = try await Connection.connect(
                unixPath: path,
                loop: loop,
                timeout: ContinuousClock.now.duration(to: limit)
            )
        } catch {
            throw Self.failure(error)
        }
        do throws(DialError) {
            try await present(assertion, over: connection, limit)
            return connection
        } catch {
            connection.abort()
            throw error
        }
    }

    private func present(
        _ assertion: SessionAssertion,
        over connection: Connection,
        _ limit: ContinuousClock.Instant
    ) async throws(DialError) {
        connection.deadline = limit
        connection.write(assertion.line(key: key, now: Self.millisecondsSince1970()))
        connection.write("\r\n")
        let line: Line?
        do throws(IOError) {
            line = try await connection.readLine(maximum: BackEndStatus.maximumLineOctets)
        } catch {
            throw Self.failure(error)
        }
        connection.deadline = nil
        guard let line else { throw .notNow("the back-end closed the connection") }
        switch BackEndStatus(parsing: line.bytes) {
        case .ready: return
        case .refused(let refusal) where refusal.code == .restarting: throw .notNow("the back-end is restarting")
        case .refused(let refusal): throw .refused(refusal)
        case nil: throw .notNow("the back-end's answer was not understood")
        }
    }

    private static func failure(_ error: IOError) -> DialError {
        error == .shutdown ? .shutdown : .notNow(error.description)
    }

    private func record(_ event: EventDefinition, _ assertion: SessionAssertion, _ reason: String) {
        events.record(
            event,
            [
                "frontend.protocol": .string(assertion.protocol.rawValue),
                "frontend.account": .count(assertion.account.rawValue),
                "frontend.reason": .string(reason),
            ],
            trace: assertion.trace.text
        )
    }

    /// The wall clock; its seconds are fine enough for an assertion.
    package static func millisecondsSince1970() -> Int64 { Int64(time(nil)) &* 1000 }
}
