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
    /// Senders whose domains take no mail are refused.
    package var refusesNullMXSenders = false
    /// ATRN (RFC 2645).
    package var offersOnDemandRelay = false
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
    /// Whose bare CR and LF are made whole, whatever `bareNewline` says.
    package var bareNewlineNetworks: [IPNetwork] = []
    package var earlyTalkers = EarlyTalkerPolicy.note
    package var tarpitAfter = 10
    package var tarpitDelay: Duration = .zero
    /// Limits for an address, a network, and an account.
    package struct Rates: Sendable, Hashable {
        package var address = RateLimit.none
        package var network = RateLimit.none
        package var account = RateLimit.none
    }
    package var connectionRates = Rates()
    package var messageRates = Rates()
    package var recipientRates = Rates()
    package var unknownRate = RateLimit.none
    /// The client of this session is in one of `trustedNetworks`.
    package var isTrusted = false
    package var lists: [AddressList] = []
    package var listTimeout: Duration = .seconds(5)
    package var clientNameTimeout: Duration = .seconds(5)
    package var listThreshold = 5
    package var greylists = false
    package var greylistDelay: Duration = .seconds(300)
    package var greylistRetention: Duration = .seconds(35 * 86_400)
    /// Who may speak for others by XCLIENT.
    package var proxyNetworks: [IPNetwork] = []
    /// The client of this session may say for whom it speaks.
    package var mayPresentClients = false
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
        refusesNullMXSenders = settings[SMTPSettings.refuseNullMXSenders, instance: instance]
        longestRelease = settings[SMTPSettings.futureRelease, instance: instance]
        shortestDeliverBy = settings[SMTPSettings.minimumDeliverBy, instance: instance].components.seconds
        highestPriority = Int8(clamping: settings[SMTPSettings.highestPriority, instance: instance])
        refusedSolicitations = settings[SMTPSettings.noSoliciting, instance: instance]
            .compactMap(SolicitationKeyword.init)
        verifies = settings[SMTPSettings.verify, instance: instance]
        expands = settings[SMTPSettings.expand, instance: instance]
        queueNetworks = settings[SMTPSettings.queueNetworks, instance: instance].compactMap(IPNetwork.init)
        trustedNetworks = settings[SMTPSettings.trustedNetworks, instance: instance].compactMap(IPNetwork.init)
        readClients(settings, instance)
    }

    private mutating func readClients(_ settings: SettingsSnapshot, _ instance: String) {
        bareNewlineNetworks = settings[SMTPSettings.bareNewlineNetworks, instance: instance]
            .compactMap(IPNetwork.init)
        proxyNetworks = settings[SMTPSettings.xclientNetworks, instance: instance].compactMap(IPNetwork.init)
        earlyTalkers = settings[SMTPSettings.earlyTalkers, instance: instance]
        tarpitAfter = settings[SMTPSettings.tarpitAfter, instance: instance]
        tarpitDelay = settings[SMTPSettings.tarpitDelay, instance: instance]
        connectionRates.address = settings[SMTPSettings.connectionsPerAddress, instance: instance]
        connectionRates.network = settings[SMTPSettings.connectionsPerNetwork, instance: instance]
        connectionRates.account = settings[SMTPSettings.connectionsPerAccount, instance: instance]
        messageRates.address = settings[SMTPSettings.messagesPerAddress, instance: instance]
        messageRates.network = settings[SMTPSettings.messagesPerNetwork, instance: instance]
        messageRates.account = settings[SMTPSettings.messagesPerAccount, instance: instance]
        recipientRates.address = settings[SMTPSettings.recipientsPerAddress, instance: instance]
        recipientRates.network = settings[SMTPSettings.recipientsPerNetwork, instance: instance]
        recipientRates.account = settings[SMTPSettings.recipientsPerAccount, instance: instance]
        lists = settings[SMTPSettings.lists, instance: instance].compactMap(AddressList.init)
        listTimeout = settings[SMTPSettings.listTimeout, instance: instance]
        clientNameTimeout = settings[SMTPSettings.clientNameTimeout, instance: instance]
        listThreshold = settings[SMTPSettings.listThreshold, instance: instance]
        greylists = settings[SMTPSettings.greylist, instance: instance]
        greylistDelay = settings[SMTPSettings.greylistDelay, instance: instance]
        greylistRetention = settings[SMTPSettings.greylistRetention, instance: instance]
        unknownRate = settings[SMTPSettings.unknownPerNetwork, instance: instance]
    }

    /// For one client.
    package mutating func apply(to peer: SocketAddress) {
        isTrusted = trustedNetworks.contains { $0.contains(peer) }
        mayPresentClients = proxyNetworks.contains { $0.contains(peer) }
        mayStartQueues = isTrusted || queueNetworks.contains { $0.contains(peer) }
        if bareNewlineNetworks.contains(where: { $0.contains(peer) }) { bareNewline = .normalize }
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

extension SMTPLimits {
    /// Of nine digits, as FUTURERELEASE takes (RFC 4865 §4).
    var longestReleaseSeconds: Int64 { min(longestRelease.components.seconds, 999_999_999) }

    /// Why a message is not kept for so long, or not given back so soon.
    package func refusalOfTimes(_ mail: MailCommand) -> SMTPReply? {
        if let release = mail.release {
            // RFC 4865 §4
            guard release.seconds(at: WallClock.seconds) <= longestReleaseSeconds else {
                return SMTPReply(
                    501,
                    .invalidArguments,
                    "A message is kept for at most \(longestReleaseSeconds) seconds"
                )
            }
        }
        if let by = mail.deliverBy, by.mode == .giveBack, by.seconds < shortestDeliverBy {
            // RFC 2852 §4
            return SMTPReply(555, .invalidArguments, "BY takes at least \(shortestDeliverBy) seconds")
        }
        return nil
    }
}
