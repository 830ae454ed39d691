// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes
internal import Runtime
internal import SMTPClient

/// The connections on which somebody fetches held mail, by connector.
///
/// Connectors whose mail the same call fetches share its connection. A connection takes one message at a time; whoever
/// has another waits. From any thread.
package final class OnDemandSessions: Sendable {
    /// A connection that somebody opened to fetch mail.
    struct Line: Sendable, Hashable {
        /// Stands for the connection; no two have the same.
        let host: SMTPHost
        let options: SMTPOutboundOptions
    }

    private struct Use {
        let line: Line
        var isBusy = false
        var waiting: [CheckedContinuation<Line?, Never>] = []
    }

    private struct Table {
        var uses: [SMTPHost: Use] = [:]
        var connectors: [String: SMTPHost] = [:]
    }

    private let table = Lock(Table())

    package init() {}

    /// Has the mail of some connectors go over a connection.
    ///
    /// False, and nothing changes, while one of them has another.
    func open(_ connectors: [String], _ line: Line) -> Bool {
        table.withLock { table in
            guard connectors.allSatisfy({ table.connectors[$0] == nil }), table.uses[line.host] == nil else {
                return false
            }
            table.uses[line.host] = Use(line: line)
            for connector in connectors { table.connectors[connector] = line.host }
            return true
        }
    }

    func isOpen(_ connector: String) -> Bool { table.withLock { $0.connectors[connector] != nil } }

    /// The connection is of no use any more, to any connector; who waits for it waits in vain.
    func close(_ line: Line) {
        let waiting = table.withLock { table in
            table.connectors = table.connectors.filter { $0.value != line.host }
            return table.uses.removeValue(forKey: line.host)?.waiting ?? []
        }
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    /// The connection for a connector's mail, once nobody else uses it; `nil` when there is none.
    func take(_ connector: String) async -> Line? {
        await withCheckedContinuation { continuation in
            let answer = table.withLock { table -> Line?? in
                guard let host = table.connectors[connector], let use = table.uses[host] else { return .some(nil) }
                guard use.isBusy else {
                    table.uses[host]?.isBusy = true
                    return use.line
                }
                table.uses[host]?.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// The next may have it.
    func giveBack(_ line: Line) {
        let next = table.withLock { table -> CheckedContinuation<Line?, Never>? in
            guard table.uses[line.host]?.waiting.isEmpty == false else {
                table.uses[line.host]?.isBusy = false
                return nil
            }
            return table.uses[line.host]?.waiting.removeFirst()
        }
        next?.resume(returning: line)
    }
}
