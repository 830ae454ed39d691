// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Runtime
package import SMTPWire
package import Settings

/// The settings in force for one session, read once when it begins.
package struct SMTPLimits: Sendable {
    package var bareNewline = BareNewlinePolicy.refuse
    package var messageSize: UInt64 = 50 << 20
    package var recipients = 1000
    package var transactions = 1000
    package var errors = 20
    package var idleCommands = 200
    package var logOnFailures = 3
    package var receivedFields = 50
    package var commandTimeout: Duration = .seconds(300)
    package var dataTimeout: Duration = .seconds(3600)
    package var preAuthenticationTimeout: Duration = .seconds(300)
    package var checksSender = true
    /// Whose mail for other servers goes on from here without a log-on.
    package var relayNetworks: [IPNetwork] = []
    /// There is a queue behind the server: DSN (RFC 3461), and whatever else needs one.
    package var offersReports = false
    /// The longest time that a message is kept before it is released; zero for no FUTURERELEASE (RFC 4865).
    package var longestRelease: Duration = .seconds(365 * 86_400)
    /// Of DELIVERBY, in seconds (RFC 2852 §3).
    package var shortestDeliverBy: Int64 = 60
    /// RFC 6710 §4.
    package var highestPriority: Int8 = 9
    /// What is not to be sent here (RFC 3865).
    package var refusedSolicitations: [SolicitationKeyword] = []
    package var verifies = AddressDisclosure.nobody
    package var expands = AddressDisclosure.nobody
    /// Who may ask for what waits for a domain (RFC 1985).
    package var queueNetworks: [IPNetwork] = []
    package var trustedNetworks: [IPNetwork] = []
    /// The client of this session is in one of `trustedNetworks`.
    package var isTrusted = false
    /// The client of this session may use ETRN.
    package var mayStartQueues = false

    /// The defaults.
    package init() {}

    /// The values for one listener.
    package init(_ settings: SettingsSnapshot, instance: String) {
        bareNewline = settings[SMTPSettings.bareNewline, instance: instance]
        messageSize = UInt64(clamping: settings[SMTPSettings.maximumMessageSize, instance: instance].octets)
        recipients = settings[SMTPSettings.maximumRecipients, instance: instance]
        transactions = settings[SMTPSettings.maximumTransactions, instance: instance]
        errors = settings[SMTPSettings.maximumErrors, instance: instance]
        idleCommands = settings[SMTPSettings.maximumIdleCommands, instance: instance]
        logOnFailures = settings[SMTPSettings.maximumLogOnFailures, instance: instance]
        receivedFields = settings[SMTPSettings.maximumReceivedFields, instance: instance]
        commandTimeout = settings[SMTPSettings.commandTimeout, instance: instance]
        dataTimeout = settings[SMTPSettings.dataTimeout, instance: instance]
        preAuthenticationTimeout = settings[SMTPSettings.preAuthenticationTimeout, instance: instance]
        checksSender = settings[SMTPSettings.checkSender, instance: instance]
        relayNetworks = settings[SMTPSettings.relayNetworks, instance: instance].compactMap(IPNetwork.init)
        longestRelease = settings[SMTPSettings.futureRelease, instance: instance]
        shortestDeliverBy = settings[SMTPSettings.minimumDeliverBy, instance: instance].components.seconds
        highestPriority = Int8(clamping: settings[SMTPSettings.highestPriority, instance: instance])
        refusedSolicitations = settings[SMTPSettings.noSoliciting, instance: instance]
            .compactMap(SolicitationKeyword.init)
        verifies = settings[SMTPSettings.verify, instance: instance]
        expands = settings[SMTPSettings.expand, instance: instance]
        queueNetworks = settings[SMTPSettings.queueNetworks, instance: instance].compactMap(IPNetwork.init)
        trustedNetworks = settings[SMTPSettings.trustedNetworks, instance: instance].compactMap(IPNetwork.init)
    }

    /// For one client.
    package mutating func apply(to peer: SocketAddress) {
        isTrusted = trustedNetworks.contains { $0.contains(peer) }
        mayStartQueues = isTrusted || queueNetworks.contains { $0.contains(peer) }
    }

    /// For Martlet's own transport: what it sends was measured when it came in, and grew by our trace fields since; its
    /// connections are kept for long.
    func forTransport() -> SMTPLimits {
        var limits = self
        limits.messageSize = 1 << 40
        limits.transactions = .max
        limits.commandTimeout = .seconds(3600)
        return limits
    }

    /// Octets of a command line without its line end.
    ///
    /// RFC 5321 §4.5.3.1.4 asks for 512, its extensions for a few hundred more.
    static let commandOctets = 4096
    /// Octets of the header section, beyond which a message is refused.
    static let headerOctets = 1 << 20
}
