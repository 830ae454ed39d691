// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes
internal import Runtime
internal import SMTPClient

/// The connections on which somebody fetches held mail, by connector.
///
/// A connection takes one message at a time; whoever has another waits. From any thread.
package final class OnDemandSessions: Sendable {
    private struct Session {
        var host: SMTPHost
        var isBusy = false
        var waiting: [CheckedContinuation<SMTPHost?, Never>] = []
    }

    private let sessions = Lock<[String: Session]>([:])

    package init() {}

    /// Has the mail of a connector go over the connection that `host` stands for.
    ///
    /// False while another one is open for it.
    func open(_ connector: String, _ host: SMTPHost) -> Bool {
        sessions.withLock { sessions in
            guard sessions[connector] == nil else { return false }
            sessions[connector] = Session(host: host)
            return true
        }
    }

    func isOpen(_ connector: String) -> Bool { sessions.withLock { $0[connector] != nil } }

    /// The connection is of no use any more; who waits for it waits in vain.
    func close(_ connector: String) {
        let waiting = sessions.withLock { $0.removeValue(forKey: connector)?.waiting ?? [] }
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    /// The connection for a connector's mail, once nobody else uses it; `nil` when there is none.
    func take(_ connector: String) async -> SMTPHost? {
        guard isOpen(connector) else { return nil }
        return await withCheckedContinuation { continuation in
            let answer = sessions.withLock { sessions -> SMTPHost?? in
                guard var session = sessions[connector] else { return .some(nil) }
                guard session.isBusy else {
                    session.isBusy = true
                    sessions[connector] = session
                    return session.host
                }
                sessions[connector]?.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// The next may have it.
    func giveBack(_ connector: String) {
        let next = sessions.withLock { sessions -> (CheckedContinuation<SMTPHost?, Never>, SMTPHost)? in
            guard var session = sessions[connector] else { return nil }
            defer { sessions[connector] = session }
            guard !session.waiting.isEmpty else {
                session.isBusy = false
                return nil
            }
            return (session.waiting.removeFirst(), session.host)
        }
        if let (continuation, host) = next { continuation.resume(returning: host) }
    }
}
