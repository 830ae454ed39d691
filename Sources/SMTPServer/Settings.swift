// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
package import Settings

/// What becomes of a CR or LF that stands alone.
package enum BareNewlinePolicy: String, Sendable, Hashable, SettingValue {
    case refuse
    case normalize

    package static var settingTypeName: String { "refuse | normalize" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Settings of SMTP and LMTP listeners.
///
/// Instances are the listeners: `smtp/1`, `smtp/2`.
package enum SMTPSettings {
    package static let bareNewline = SettingKey(
        "smtp/bare-newline",
        default: BareNewlinePolicy.refuse,
        perInstance: true,
        classic: ["smtpsvc/BareNewline"],
        help: "A CR or LF on its own in a message: refuse it with 550 5.6.11, or make it a whole line end."
    )
    package static let maximumMessageSize = SettingKey(
        "smtp/maximum-message-size",
        default: ByteCount.mebibytes(50),
        in: .kibibytes(64)...(.gibibytes(2)),
        perInstance: true,
        classic: ["smtpsvc/MaxMessageSize"],
        help: "Larger messages are refused with 552 5.3.4, at MAIL when the client says the size, else at the end."
    )
    package static let maximumRecipients = SettingKey(
        "smtp/maximum-recipients",
        default: 1000,
        in: 100...100_000,
        perInstance: true,
        classic: ["smtpsvc/MaxRecipients"],
        help: "Recipients of one message; each one more gets 452 4.5.3 and is sent again by the client."
    )
    package static let maximumTransactions = SettingKey(
        "smtp/maximum-transactions",
        default: 1000,
        in: 1...1_000_000,
        perInstance: true,
        help: "Messages over one connection; then 421 4.7.0 and the client connects anew."
    )
    package static let maximumErrors = SettingKey(
        "smtp/maximum-errors",
        default: 20,
        in: 1...10_000,
        perInstance: true,
        help: "Commands that were wrong, after which the connection ends with 421 4.7.0."
    )
    package static let maximumIdleCommands = SettingKey(
        "smtp/maximum-idle-commands",
        default: 200,
        in: 10...100_000,
        perInstance: true,
        help: "Commands between two messages that move nothing on (NOOP, RSET, EHLO), after which the connection ends."
    )
    package static let maximumLogOnFailures = SettingKey(
        "smtp/maximum-log-on-failures",
        default: 3,
        in: 1...100,
        perInstance: true,
        help: "Failed AUTH commands after which the connection ends with 421 4.7.0."
    )
    package static let maximumReceivedFields = SettingKey(
        "smtp/maximum-received-fields",
        default: 50,
        in: 10...1000,
        perInstance: true,
        help: "Received fields above which a message is taken for one that loops: 554 5.4.6."
    )
    package static let commandTimeout = SettingKey(
        "smtp/command-timeout",
        default: Duration.seconds(300),
        in: .seconds(10)...(.seconds(3600)),
        perInstance: true,
        help: "Longest wait for the client's next octets (RFC 5321 §4.5.3.2.7 asks for 5 minutes)."
    )
    package static let dataTimeout = SettingKey(
        "smtp/data-timeout",
        default: Duration.seconds(3600),
        in: .seconds(60)...(.seconds(86_400)),
        perInstance: true,
        help: "Longest time that one message may take on the wire."
    )
    package static let preAuthenticationTimeout = SettingKey(
        "smtp/pre-authentication-timeout",
        default: Duration.seconds(300),
        in: .seconds(10)...(.seconds(3600)),
        perInstance: true,
        help: "Longest time until a client has logged on (submission) or named a valid recipient (all others)."
    )
    package static let checkSender = SettingKey(
        "smtp/check-sender",
        default: true,
        perInstance: true,
        help: "On submission, refuse a reverse-path or From address that is not the user's own (550 5.7.1)."
    )
    package static let relayNetworks = SettingKey(
        "smtp/relay-networks",
        default: [String](),
        allowed: "addresses and networks, such as 192.0.2.0/24, 2001:db8::/32",
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        perInstance: true,
        help: "Clients that may send mail to other servers without a log-on. None by default: relay is closed."
    )
    package static let milters = SettingKey(
        "smtp/milters",
        default: [String](),
        allowed: "names of filters, which milter/<name>/address places",
        where: { $0.count <= 16 && $0.allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) } },
        perInstance: true,
        help: "Filters that are asked about mail, in this order; each gets the message as the one before it left it."
    )
    package static let refuseNullMXSenders = SettingKey(
        "smtp/refuse-null-mx-senders",
        default: false,
        perInstance: true,
        help: "Refuse mail from domains that say that they take none (null MX, RFC 7505): 550 5.7.27. Costs a look-up "
            + "for each message from elsewhere."
    )
}

/// Settings of the log of commands.
package enum SMTPLogSettings {
    package static let enabled = SettingKey(
        "smtp-log/enabled",
        default: false,
        help: "Whether each command of SMTP, submission and LMTP and its reply is logged in the W3C's extended format."
    )
    package static let keep = SettingKey(
        "smtp-log/keep",
        default: Duration.seconds(14 * 86_400),
        in: .seconds(3600)...(.seconds(3660 * 86_400)),
        help: "How long logs of commands are kept."
    )
    package static let maximumSize = SettingKey(
        "smtp-log/maximum-size",
        default: ByteCount.gibibytes(1),
        in: .mebibytes(1) ... .gibibytes(1024),
        help: "Octets of the logs of commands of all processes; the oldest files are deleted first."
    )
}

package let smtpServerSettings: [SettingDeclaration] = [
    SMTPLogSettings.enabled.declaration,
    SMTPLogSettings.keep.declaration,
    SMTPLogSettings.maximumSize.declaration,
    SMTPSettings.bareNewline.declaration,
    SMTPSettings.maximumMessageSize.declaration,
    SMTPSettings.maximumRecipients.declaration,
    SMTPSettings.maximumTransactions.declaration,
    SMTPSettings.maximumErrors.declaration,
    SMTPSettings.maximumIdleCommands.declaration,
    SMTPSettings.maximumLogOnFailures.declaration,
    SMTPSettings.maximumReceivedFields.declaration,
    SMTPSettings.commandTimeout.declaration,
    SMTPSettings.dataTimeout.declaration,
    SMTPSettings.preAuthenticationTimeout.declaration,
    SMTPSettings.checkSender.declaration,
    SMTPSettings.relayNetworks.declaration,
    SMTPSettings.trustedNetworks.declaration,
    SMTPSettings.futureRelease.declaration,
    SMTPSettings.minimumDeliverBy.declaration,
    SMTPSettings.highestPriority.declaration,
    SMTPSettings.noSoliciting.declaration,
    SMTPSettings.verify.declaration,
    SMTPSettings.expand.declaration,
    SMTPSettings.queueNetworks.declaration,
    SMTPSettings.milters.declaration,
    SMTPSettings.refuseNullMXSenders.declaration,
]
