// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire

/// Keeps what the owner of a ledger is told.
final class Ledger: OutboundObserver {
    let announced = Lock<[[Int]]>([])
    let lines = Lock<[OutboundTraceLine]>([])
    let mayEnd: Bool
    let wantsTrace = true

    init(mayEnd: Bool = true) { self.mayEnd = mayEnd }

    func willSendEndOfData(_ recipients: [Int], to host: SMTPHost) async -> Bool {
        announced.withLock { $0.append(recipients) }
        return mayEnd
    }

    func trace(_ line: OutboundTraceLine) { lines.withLock { $0.append(line) } }

    var told: [[Int]] { announced.withLock { $0 } }
    var transcript: String { lines.withLock { $0 }.map { "\($0)" }.joined(separator: "\n") }
}

/// What the tests of `SMTPOutbound` send.
enum Post {
    static let text = "Subject: x\r\n\r\n.dot\r\nlast line\r\n"

    /// Longer than a busy machine takes; tests of waiting have their own.
    static let patient = SMTPTimeouts(
        connect: .seconds(30),
        greeting: .seconds(30),
        command: .seconds(30),
        dataStart: .seconds(30),
        block: .seconds(30),
        answer: .seconds(30)
    )

    static func options(_ change: (inout SMTPOutboundOptions) -> Void = { _ in }) -> SMTPOutboundOptions {
        var options = SMTPOutboundOptions(heloName: "client.example")
        options.timeouts = patient
        change(&options)
        return options
    }

    static func message(
        _ names: [String] = ["a"],
        _ text: String = text,
        _ change: (inout MailCommand) -> Void = { _ in }
    ) -> OutboundMessage {
        var mail = MailCommand(.null)
        change(&mail)
        let recipients = names.compactMap { MailboxAddress("\($0)@example.test") }
            .map { RecipientCommand(.address($0)) }
        return OutboundMessage(mail, recipients, MemoryContent(text))
    }

    /// Sends one message to the servers in turn.
    static func send(
        _ message: OutboundMessage = message(),
        to servers: [ScriptedServer],
        _ options: SMTPOutboundOptions = options(),
        _ ledger: Ledger = Ledger(),
        authoritiesFile: String? = nil
    ) async throws -> OutboundResult {
        try await withPeers(servers.map { server in { try await server.serve($0) } }) { _, hosts in
            let outbound = try SMTPOutbound(authoritiesFile: authoritiesFile)
            let result = await outbound.send(message, via: options, hosts: hosts, observer: ledger)
            await outbound.closeIdle(all: true)
            return result
        }
    }
}

extension OutboundResult {
    /// Kinds and codes of all recipients: `delivered 250, bounced 550`.
    var summary: String { recipients.map { "\($0.kind.rawValue) \($0.reply.code)" }.joined(separator: ", ") }
}
