// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPClient

/// The held mail of some connectors, which goes from some queues to one host.
struct OnDemandDelivery: Sendable {
    let sessions: OnDemandSessions
    let queues: [MailQueue]
    let connectors: [String]
    /// None for all.
    let domains: Set<Domain>

    /// Sends all that is there; the connection must be adopted, and the sessions open.
    ///
    /// Returns when nothing is left, or the connection has failed.
    func run() async {
        for name in connectors {
            for queue in queues { await queue.release(connector: name) { isWanted($0) } }
        }
        while let loop = EventLoop.current, await isWorking() {
            guard (try? await loop.sleep(for: .milliseconds(20))) != nil else { return }
        }
    }

    /// Where all of a connector's mail is in one line, the user gets all of it.
    private func isWanted(_ destination: String) -> Bool {
        guard !domains.isEmpty, let slash = destination.firstIndex(of: "/") else { return true }
        let hop = destination[destination.index(after: slash)...]
        guard hop.hasPrefix("mx:"), let domain = Domain(String(hop.dropFirst(3))) else { return true }
        return domains.contains(domain)
    }

    private func isWorking() async -> Bool {
        for name in connectors where sessions.isOpen(name) {
            for queue in queues where await queue.isWorking(forConnector: name) { return true }
        }
        return false
    }
}
