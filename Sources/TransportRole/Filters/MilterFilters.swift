// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Events
internal import MailTypes
internal import MilterClient
internal import Runtime
internal import SASL
package import SMTPServer
internal import SMTPWire
package import Settings

/// The filters that the settings give to each listener, asked over the milter protocol.
package struct MilterFilters: MailFilters {
    let recipients: any RecipientResolver
    let relay: (any RelayPolicy)?
    let spoolFolder: String
    let settings: LiveSettings
    let events: EventRecorder

    /// - Parameters:
    ///   - recipients: says where recipients are that filters add.
    ///   - relay: takes those of other servers.
    ///   - spoolFolder: for large messages, while they are filtered.
    package init(
        recipients: any RecipientResolver,
        relay: (any RelayPolicy)?,
        spoolFolder: String,
        settings: LiveSettings,
        events: EventRecorder
    ) {
        self.recipients = recipients
        self.relay = relay
        self.spoolFolder = spoolFolder
        self.settings = settings
        self.events = events
    }

    package func filter(for client: FilteredClient) -> (any MailFilter)? {
        let settings = settings.current
        let names = settings[SMTPSettings.milters, instance: client.listener]
        return filter(for: client, names, settings)
    }

    package func hasFilters(_ listener: String) -> Bool {
        !settings.current[SMTPSettings.milters, instance: listener].isEmpty
    }

    /// The filters of these names; `nil` for none.
    ///
    /// A name without an address stands for a filter that is away, so that a slip in the settings lets nothing through.
    func filter(for client: FilteredClient, _ names: [String], _ settings: SettingsSnapshot) -> (any MailFilter)? {
        guard !names.isEmpty else { return nil }
        var facts = MilterClientFacts(
            hostName: client.hostName,
            listener: client.listener,
            peer: client.peer,
            local: client.local
        )
        switch client.name {
        case .confirmed(let name): (facts.name, facts.pointer, facts.resolution) = (name, name, "OK")
        case .forged(let name): (facts.pointer, facts.resolution) = (name, "FORGED")
        case .unknown: break
        }
        let sessions = names.map { name in
            let definition = MilterDefinition(name, settings) ?? MilterDefinition(name, at: .unix("/nonexistent"))
            return MilterSession(definition, facts, events: events)
        }
        return MilterChain(sessions, self)
    }
}

/// The filters of one client's mail, in their order.
final class MilterChain: MailFilter {
    let sessions: [MilterSession]
    let owner: MilterFilters
    /// A filter wants the message that is under way accepted and dropped.
    private var isDiscarded = false

    init(_ sessions: [MilterSession], _ owner: MilterFilters) {
        self.sessions = sessions
        self.owner = owner
    }

    func mail(_ transaction: MailTransaction, tls: TLSFacts?) async -> SMTPReply? {
        isDiscarded = false
        let envelope = MilterEnvelopeFacts(
            id: transaction.trace.text,
            hello: transaction.hello ?? "",
            tls: tls,
            user: transaction.user.map { "\($0.name)" }
        )
        for session in sessions {
            if let reply = await act(on: await session.mail(transaction.mail, envelope)) { return reply }
            if isDiscarded { break }
        }
        return nil
    }

    func recipient(_ recipient: RecipientCommand, in transaction: MailTransaction) async -> SMTPReply? {
        guard !isDiscarded else { return nil }
        for session in sessions {
            switch await session.recipient(recipient) {
            case .proceed: continue
            // The others go on with the message.
            case .refuse(let reply): return reply
            case .discard:
                isDiscarded = true
                await reset()
                return nil
            }
        }
        return nil
    }

    /// What the client is told at once; the other filters hear no more of the message.
    private func act(on verdict: MilterVerdict) async -> SMTPReply? {
        switch verdict {
        case .proceed: return nil
        case .refuse(let reply):
            await reset()
            return reply
        case .discard:
            isDiscarded = true
            await reset()
            return nil
        }
    }

    func begin(
        _ transaction: MailTransaction,
        into sink: any MessageSink
    ) async throws(SMTPReply) -> any IncomingMessage {
        FilteredMessage(transaction, self, sink, isDiscarded: isDiscarded)
    }

    func reset() async { for session in sessions { await session.reset() } }

    func close() async { for session in sessions { await session.close() } }
}
