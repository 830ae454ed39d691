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
        var isBusy: Bool
        var waiting: [CheckedContinuation<Line?, Never>] = []
        /// Who ends it waits for whoever uses it.
        var ending: CheckedContinuation<Void, Never>?
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
    ///
    /// - Parameter isReady: without, it is in use from the beginning: who opened it gives it back once there is somebody
    ///   at its other end, or closes it.
    func open(_ connectors: [String], _ line: Line, isReady: Bool = true) -> Bool {
        table.withLock { table in
            guard connectors.allSatisfy({ table.connectors[$0] == nil }), table.uses[line.host] == nil else {
                return false
            }
            table.uses[line.host] = Use(line: line, isBusy: !isReady)
            for connector in connectors { table.connectors[connector] = line.host }
            return true
        }
    }

    /// Whether the connection is still good for something.
    func isOpen(_ line: Line) -> Bool { table.withLock { $0.uses[line.host] != nil } }

    /// The connection is of no use any more, to any connector, as whoever uses it says; who waits for it waits in vain.
    func close(_ line: Line) {
        let use = table.withLock { table -> Use? in
            table.connectors = table.connectors.filter { $0.value != line.host }
            return table.uses.removeValue(forKey: line.host)
        }
        for continuation in use?.waiting ?? [] { continuation.resume(returning: nil) }
        use?.ending?.resume()
    }

    /// Nothing more begins on the connection; to be called once.
    ///
    /// Returns when nobody uses it: what is under way comes to its end.
    func end(_ line: Line) async {
        let waiting = table.withLock { table -> [CheckedContinuation<Line?, Never>] in
            table.connectors = table.connectors.filter { $0.value != line.host }
            defer { table.uses[line.host]?.waiting = [] }
            return table.uses[line.host]?.waiting ?? []
        }
        for continuation in waiting { continuation.resume(returning: nil) }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFree = table.withLock { table in
                guard table.uses[line.host]?.isBusy == true else {
                    table.uses[line.host] = nil
                    return true
                }
                table.uses[line.host]?.ending = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// The connection for a connector's mail, once nobody else uses it; `nil` when there is none.
    func take(_ connector: String) async -> Line? {
        await take { table in table.connectors[connector].flatMap { table.uses[$0] } }
    }

    /// Has this connection and no other, once nobody else uses it; false when it is gone, whoever has come meanwhile.
    func take(_ line: Line) async -> Bool {
        await take { table in table.uses[line.host].flatMap { $0.line == line && $0.ending == nil ? $0 : nil } } != nil
    }

    private func take(_ wanted: @Sendable (Table) -> Use?) async -> Line? {
        await withCheckedContinuation { continuation in
            let answer = table.withLock { table -> Line?? in
                guard let use = wanted(table) else { return .some(nil) }
                guard use.isBusy else {
                    table.uses[use.line.host]?.isBusy = true
                    return use.line
                }
                table.uses[use.line.host]?.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// The next may have it.
    func giveBack(_ line: Line) {
        var ending: CheckedContinuation<Void, Never>?
        let next = table.withLock { table -> CheckedContinuation<Line?, Never>? in
            ending = table.uses[line.host]?.ending
            if ending != nil { table.uses[line.host] = nil }
            guard table.uses[line.host]?.waiting.isEmpty == false else {
                table.uses[line.host]?.isBusy = false
                return nil
            }
            return table.uses[line.host]?.waiting.removeFirst()
        }
        next?.resume(returning: line)
        ending?.resume()
    }
}
