// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPClient

/// The held mail of some connectors, which goes from some queues to one host.
struct OnDemandDelivery: Sendable {
    let sessions: OnDemandSessions
    let line: OnDemandSessions.Line
    let queues: [MailQueue]
    let connectors: [String]
    /// None for all.
    let domains: Set<Domain>
    /// Names the call, in all workers that have something for it.
    let call: String

    /// How often what is there has been tried: each number once.
    func tries() async -> Set<Int> {
        var found: Set<Int> = []
        for name in connectors {
            for queue in queues { found.formUnion(await queue.tries(forConnector: name)) }
        }
        return found
    }

    /// Messages of one connector in one queue that wait for the connection at a time: each takes a place among all of the
    /// queue's connections, and a client that says nothing must not have all of them.
    private static let waiting = 8

    /// Sends what was not tried more often than this; the connection must be adopted, and the sessions open.
    ///
    /// Returns when nothing of it is left, or the connection has failed.
    func run(triedAtMost limit: Int) async {
        while let loop = EventLoop.current, await release(triedAtMost: limit) {
            while await isWorking() {
                guard (try? await loop.sleep(for: .milliseconds(10))) != nil else { return }
            }
        }
    }

    /// False when there is nothing more to release, or the connection is gone.
    private func release(triedAtMost limit: Int) async -> Bool {
        var count = 0
        for name in connectors {
            for queue in queues where isOpen {
                count += await queue.release(
                    connector: name,
                    call: call,
                    triedAtMost: limit,
                    maximum: Self.waiting
                ) { isWanted($0) }
            }
        }
        return count > 0
    }

    /// What the call did not get to waits for the next.
    func withdraw() async {
        for name in connectors {
            for queue in queues { await queue.withdraw(connector: name, call: call) }
        }
    }

    /// Whether the connection is still good for something; the next call has another.
    var isOpen: Bool { sessions.isOpen(line) }

    /// Where all of a connector's mail is in one line, the user gets all of it.
    private func isWanted(_ destination: String) -> Bool {
        guard !domains.isEmpty, let slash = destination.firstIndex(of: "/") else { return true }
        let hop = destination[destination.index(after: slash)...]
        guard hop.hasPrefix("mx:"), let domain = Domain(String(hop.dropFirst(3))) else { return true }
        return domains.contains(domain)
    }

    private func isWorking() async -> Bool {
        guard isOpen else { return false }
        for name in connectors {
            for queue in queues where await queue.isWorking(forConnector: name) { return true }
        }
        return false
    }
}

/// The order in which one call gets its mail.
///
/// What has been tried least goes first, wherever it waits: who hangs up at a message gets all that has been tried less
/// often before it, the next time.
struct OnDemandRounds: Sendable {
    /// Each goes through every queue; what is tried more often than the last but one says goes in one.
    static let maximum = 16

    /// How often what goes in each round may have been tried, at most.
    let limits: [Int]

    /// - Parameter tries: how often what is there has been tried.
    init(_ tries: Set<Int>) {
        let all = tries.sorted()
        limits = all.count <= Self.maximum ? all : Array(all.prefix(Self.maximum - 1)) + all.suffix(1)
    }
}
