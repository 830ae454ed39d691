// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import IMAPWire
package import MailStore
package import Runtime
package import SASL

/// Someone proved to be a user.
///
/// The command that did it is not answered yet: whoever opens the account answers it, with `IMAPSession.run(resuming:)`
/// or `IMAPPreAuthentication.refuse`.
package struct IMAPLogOn: Sendable {
    package var user: AuthenticatedUser
    package var tag: [UInt8]
    /// What the client said of itself with ID, printable and bounded.
    package var client: [(name: String, value: String)]
}

/// The not authenticated state (RFC 9051 §3.1) of one connection, with a budget of time, octets, commands and failures.
package final class IMAPPreAuthentication {
    package enum Outcome: Sendable {
        case authenticated(IMAPLogOn)
        /// The client left, or was sent away: close the connection.
        case finished
    }

    let connection: Connection
    let configuration: IMAPConfiguration
    let authenticator: any Authenticator
    let events: EventRecorder
    var client: [IDParameter] = []
    /// What the directory can check; what is offered depends on the connection, too.
    private(set) var mechanisms: [SASLMechanism] = []
    private var reader: CommandReader
    private var budget: PreAuthenticationBudget
    private var hasGreeted = false
    /// Answers BAD, and whether the client left without LOGOUT after it had said something.
    private var faults = 0
    private var isBrokenOff = false

    package init(
        _ connection: Connection,
        configuration: IMAPConfiguration,
        authenticator: any Authenticator,
        events: EventRecorder
    ) {
        self.connection = connection
        self.configuration = configuration
        self.authenticator = authenticator
        self.events = events
        reader = CommandReader(connection, limits: .beforeLogOn, takesMessages: false)
        budget = PreAuthenticationBudget(configuration)
    }

    /// Greets (the first time), and answers commands until someone has logged on or the connection is over.
    ///
    /// May be called again after `refuse`.
    package func run() async -> Outcome {
        connection.deadline = .now + configuration.preAuthenticationTime
        defer { connection.deadline = nil }
        defer { reportFaults() }
        mechanisms = await authenticator.mechanisms()
        greet()
        do throws(IOError) {
            while true {
                if let outcome = try await step() { return outcome }
            }
        } catch {
            await sayGoodbye(error)
            return .finished
        }
    }

    /// Answers a log-on whose account could not be opened.
    ///
    /// The client may try again.
    package func refuse(_ logOn: IMAPLogOn, because error: MailStoreError) {
        guard let reply = FailureReply.make(for: error) else { return }
        connection.write(.tagged(logOn.tag, reply.status))
        if let detail = reply.detail { events.record(.imapCommandFailed, ["imap.detail": .string(detail)]) }
    }

    /// Takes the connection back from a session that ended with UNAUTHENTICATE: what was between log-on and here is
    /// over, compression too, TLS and what the client said of itself aside (RFC 8437 §3, §4.1).
    ///
    /// - Parameter received: octets of the client that were read already, and follow the command.
    /// - Returns: false when the connection is broken.
    package func takeBack(received: [UInt8]) async -> Bool {
        budget.renew()
        do throws(IOError) {
            try await connection.endDeflate()
        } catch {
            return false
        }
        connection.unread(received)
        return true
    }

    /// How far the connection can be trusted with secrets, now.
    var channel: SASLChannel {
        if connection.tls != nil {
            return SASLChannel(
                .tls,
                bindings: connection.channelBindings,
                identities: connection.certifiedIdentities
            )
        }
        return SASLChannel(connection.peer.isLoopback ? .loopback : .clear)
    }

    /// Who is there, for the directory.
    var peer: SASLPeer { SASLPeer(service: .imap, address: connection.peer.host, channel: channel) }

    var capabilities: [String] {
        CapabilityList.beforeLogOn(
            on: channel,
            offersTLS: configuration.tls != nil && connection.tls == nil,
            mechanisms: mechanisms
        )
    }

    private func greet() {
        guard !hasGreeted else { return }
        hasGreeted = true
        connection.write(.untagged(StatusResponse(.ok, .capability(capabilities), "Martlet ready")))
    }

    private func step() async throws(IOError) -> Outcome? {
        switch try await reader.next() {
        case .end, .message, .notice:
            isBrokenOff = budget.commands > 0
            return .finished
        case .refused(let tag, let refusal):
            answer(tag, StatusResponse(refusal.condition, refusal.code, refusal.text))
            budget.spend(octets: reader.limits.line)
        case .command(let frame):
            budget.spend(octets: frame.count)
            if let outcome = try await perform(frame) { return outcome }
        }
        guard let reason = budget.excess else { return nil }
        connection.write(.untagged(StatusResponse(.bye, nil, "Too many \(reason) before log-on")))
        recordCut(reason)
        return .finished
    }

    private func perform(_ frame: [UInt8]) async throws(IOError) -> Outcome? {
        var scanner = WireScanner(frame)
        var tag: [UInt8]?
        do {
            let read = try CommandHead.tag(parsing: &scanner)
            tag = read
            let head = try CommandHead(tag: read, parsing: &scanner)
            switch try await PreAuthenticationTable.perform(head, &scanner, in: self) {
            case .answer(let status): connection.write(.tagged(read, status))
            case .answered: break
            case .authenticated(let logOn): return .authenticated(logOn)
            case .leave(let status):
                connection.write(.tagged(read, status))
                return .finished
            }
            return nil
        } catch let error as IOError {
            throw error
        } catch {
            if let status = FailureReply.make(for: error)?.status { answer(tag, status) }
            return nil
        }
    }

    private func answer(_ tag: [UInt8]?, _ status: StatusResponse) {
        if status.condition == .bad { faults += 1 }
        connection.write(tag.map { .tagged($0, status) } ?? .untagged(status))
    }

    /// Counts a failed log-on and holds its answer back.
    func noteFailure(user: String, reason: String) async throws(IOError) {
        budget.failures += 1
        events.record(
            .imapLogOnFailed,
            [
                "imap.user": .string(user), "client.address": .string(connection.peer.host),
                "imap.reason": .string(reason),
            ]
        )
        // What was answered before is not to wait for the delay.
        try await connection.flush()
        try await connection.loop.sleep(for: configuration.failedLogOnDelay * min(budget.failures, 5))
    }

    private func sayGoodbye(_ error: IOError) async {
        switch error {
        case .timedOut:
            connection.write(.untagged(StatusResponse(.bye, nil, "Log-on took too long")))
            recordCut("time")
        case .shutdown:
            connection.write(.untagged(StatusResponse(.bye, .word(.unavailable), "Server is going down; try again")))
        case .budgetExceeded:
            connection.write(.untagged(StatusResponse(.bye, nil, "Too many octets before log-on")))
            recordCut("octets")
        case .tls(let reason): recordCut("TLS: \(reason)")
        case .closed, .lineTooLong, .system: isBrokenOff = budget.commands > 0
        }
    }

    /// One event for all that was wrong, so that a client gone mad fills no log.
    private func reportFaults() {
        guard faults > 0 || isBrokenOff else { return }
        events.record(
            .imapConnectionFaulty,
            [
                "client.address": .string(connection.peer.host), "imap.faults": .count(faults),
                "imap.broken-off": .bool(isBrokenOff),
            ]
        )
        (faults, isBrokenOff) = (0, false)
    }

    private func recordCut(_ reason: String) {
        events.record(
            .imapBudgetSpent,
            ["imap.reason": .string(reason), "client.address": .string(connection.peer.host)]
        )
    }
}
