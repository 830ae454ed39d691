// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// SMTP (RFC 5321), submission (RFC 6409) and LMTP (RFC 2033), as a server.
//
// Invariants:
// - A positive reply to the end of a message is given only after the sink said that the message is safe. Nothing of a
//   message is delivered before its end was read.
// - Only CR LF "." CR LF ends DATA. A CR or LF on its own refuses the message, or is made whole, and never ends anything.
// - The octets behind the trace fields are those the client sent.
// - Relay is closed: a recipient is accepted only when the resolver names accounts for it, or the client has logged on
//   or comes from a network that may relay.
// - The greeting is sent at once; no look-up stands before it.
// - Filters are asked when the rules have said yes and before anything is stored; what is stored is what they made of it.
// - Every wait has an end, every buffer a bound.
package import Events
internal import Locking
internal import MailTypes
package import ProtocolTrace
package import Runtime
package import SASL
internal import SMTPWire
package import Settings

/// What the server needs from the parts around it.
package struct SMTPServices: Sendable {
    package var recipients: any RecipientResolver
    package var sink: any MessageSink
    /// For submission.
    package var authenticator: (any Authenticator)?
    /// For submission; without one, users may write under any address.
    package var senders: (any SenderPolicy)?
    /// For submission; without one, no copies of sent mail are filed.
    package var sentCopies: (any SentCopyPolicy)?
    /// For mail to other servers; with one, reports to senders (RFC 3461) are offered, too.
    package var relay: (any RelayPolicy)?
    /// For ETRN.
    package var queues: (any QueueStarter)?
    package var clients: ClientControl
    package var filters: (any MailFilters)?
    /// For mail from other servers; without one, no sender's domain is looked at.
    package var senderDomains: (any SenderDomainPolicy)?
    /// For submission: held mail for those who ask for it.
    package var onDemand: (any OnDemandRelay)?
    package var settings: LiveSettings
    package var events: EventRecorder
    /// Which sessions are traced, for people who look for a fault.
    package var traces: ProtocolTraces?
    /// A line for each command.
    package var log: W3CLog?

    package init(
        recipients: any RecipientResolver,
        sink: any MessageSink,
        authenticator: (any Authenticator)? = nil,
        senders: (any SenderPolicy)? = nil,
        relay: (any RelayPolicy)? = nil,
        queues: (any QueueStarter)? = nil,
        clients: ClientControl = ClientControl(),
        filters: (any MailFilters)? = nil,
        settings: LiveSettings = LiveSettings(),
        events: EventRecorder = .none
    ) {
        self.recipients = recipients
        self.sink = sink
        self.authenticator = authenticator
        self.senders = senders
        self.relay = relay
        self.queues = queues
        self.clients = clients
        self.filters = filters
        self.settings = settings
        self.events = events
    }
}

/// One listener's server.
package final class SMTPServer: Sendable {
    let service: SMTPService
    /// The listener, as settings name it: `1` for `smtp/1/...`.
    let instance: String
    /// What this server calls itself.
    let hostName: String
    let tls: TLSContext?
    let implicitTLS: Bool
    let services: SMTPServices
    /// The settings in force, read when they change.
    private let limits: Lock<SMTPLimits>

    /// - Parameters:
    ///   - tls: without one, neither STARTTLS nor implicit TLS is offered.
    ///   - implicitTLS: TLS begins with the connection (port 465, RFC 8314 §3.3).
    package init(
        _ service: SMTPService,
        instance: String,
        hostName: String,
        tls: TLSContext? = nil,
        implicitTLS: Bool = false,
        services: SMTPServices
    ) {
        self.service = service
        self.instance = instance
        self.hostName = hostName
        self.tls = tls
        self.implicitTLS = implicitTLS
        self.services = services
        let limits = Lock(SMTPLimits())
        self.limits = limits
        services.settings.observe { settings in
            let fresh = SMTPLimits(settings, instance: instance)
            limits.withLock { $0 = fresh }
        }
    }

    /// Serves one connection to its end; a handler for `Listener`.
    ///
    /// The caller closes the connection.
    package func serve(_ connection: Connection) async {
        await SMTPDialogue(self, connection).run()
    }

    /// Tells a client that no mail is taken now; a handler for `Listener`.
    ///
    /// The caller closes the connection.
    package func turnAway(_ connection: Connection) async {
        let text = "\(hostName) takes no mail now (maintenance), try again later"
        await SMTPDialogue(self, connection).run(turningAway: SMTPReply(421, .notAccepting, text))
    }

    /// The settings in force, for a client.
    func limits(for peer: SocketAddress) -> SMTPLimits {
        var limits = self.limits.withLock { $0 }
        limits.offersReports = services.relay != nil && service != .internalLMTP
        limits.offersOnDemandRelay = service == .submission && services.onDemand?.isOffered == true
        limits.apply(to: peer)
        limits.mayStartQueues = limits.mayStartQueues && services.queues != nil && !service.isLMTP
        limits.mayPresentClients = limits.mayPresentClients && service != .internalLMTP
        return service == .internalLMTP ? limits.forTransport() : limits
    }

    /// What is sent to a client for which there is no room, as the listener's refusal.
    package var tooManyConnections: [UInt8] {
        Array("421 4.3.2 \(hostName) too many connections, try again later\r\n".utf8)
    }
}
