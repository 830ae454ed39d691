// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailStore
internal import Runtime

extension IdleCommand: SessionCommand {
    /// Longest line that may end IDLE.
    private static let maximumLine = 1024

    func perform(in session: IMAPSession) async throws -> Completion {
        let connection = session.connection
        session.send(.continuation(Array("idling".utf8)))
        // The watch begins before the first look, so that nothing falls between the two.
        let notifier = connection.notifier
        let watch = session.view.map { $0.account.watch($0.id) { notifier.notify() } }
        defer { withExtendedLifetime(watch) {} }
        while true {
            try await session.sync(allowingExpunge: true)
            try await session.tellNews()
            switch try await Self.input(of: connection) {
            case .notified: continue
            case .end: throw IOError.closed
            case .line(let line):
                guard ASCII.equalIgnoringCase(line.bytes, "DONE".utf8) else {
                    throw CommandRefusal.bad("IDLE: expected DONE")
                }
                return .done
            }
        }
    }

    private static func input(of connection: Connection) async throws -> Input {
        do throws(IOError) {
            return try await connection.nextInput(maximum: maximumLine)
        } catch .lineTooLong {
            throw CommandRefusal.bad("IDLE: expected DONE")
        }
    }
}
