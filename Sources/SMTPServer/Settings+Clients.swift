// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
package import Settings

/// What becomes of a client that talks before it is its turn.
package enum EarlyTalkerPolicy: String, Sendable, Hashable, SettingValue {
    case ignore
    case note
    case refuse

    package static var settingTypeName: String { "ignore | note | refuse" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

extension SMTPSettings {
    package static let bareNewlineNetworks = SettingKey(
        "smtp/bare-newline-networks",
        default: [String](),
        allowed: networks,
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        perInstance: true,
        help: "Clients for which smtp/bare-newline is normalize, whatever it is for the others."
    )
    package static let xclientNetworks = SettingKey(
        "smtp/xclient-networks",
        default: [String](),
        allowed: networks,
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        perInstance: true,
        help:
            "Proxies and filters that may say for whom they speak (XCLIENT). None by default: they become whom they name."
    )
    package static let earlyTalkers = SettingKey(
        "smtp/early-talkers",
        default: EarlyTalkerPolicy.note,
        perInstance: true,
        help:
            "A client that sends before the greeting, or behind EHLO or DATA without waiting for the answer: note writes event 9363, refuse ends the connection with 554 5.5.1. The greeting never waits."
    )
    package static let tarpitAfter = SettingKey(
        "smtp/tarpit-after",
        default: 10,
        in: 0...10_000,
        perInstance: true,
        help: "Unknown recipients on one connection, behind which each more is answered after smtp/tarpit-delay."
    )
    package static let tarpitDelay = SettingKey(
        "smtp/tarpit-delay",
        default: Duration.seconds(3),
        in: .zero...(.seconds(60)),
        perInstance: true,
        help: "How long the answer to a client that guesses names is held back; 0s for not at all."
    )
    package static let lists = SettingKey(
        "smtp/dns-lists",
        default: [String](),
        allowed: "such as bl.example.org reject, wl.example.org allow, other.example=127.0.0.4-7 score 3",
        where: { $0.count <= 20 && $0.allSatisfy { AddressList($0) != nil } },
        perInstance: true,
        help:
            "Lists of addresses in the domain name system that strangers are looked up in, and what becomes of them: reject (550 5.7.1), mark (a field X-Martlet-Listed), score N, or allow, which outweighs all others."
    )
    package static let clientNameTimeout = SettingKey(
        "smtp/client-name-timeout",
        default: Duration.seconds(5),
        in: .milliseconds(100)...(.seconds(60)),
        perInstance: true,
        help: "How long the first MAIL of a client waits for the name that the domain name system has for its address, "
            + "counted from the connection on; only where smtp/milters names filters, which get it."
    )
    package static let listTimeout = SettingKey(
        "smtp/dns-list-timeout",
        default: Duration.seconds(5),
        in: .milliseconds(100)...(.seconds(60)),
        perInstance: true,
        help: "Longest that the first recipient waits for the lists; who is not known to be listed by then is not."
    )
    package static let listThreshold = SettingKey(
        "smtp/dns-list-threshold",
        default: 5,
        in: 1...1000,
        perInstance: true,
        help: "The score of all lists at which mail is refused with 550 5.7.1."
    )
    package static let greylist = SettingKey(
        "smtp/greylist",
        default: false,
        perInstance: true,
        help: "Put mail of strangers off once with 451 4.7.1, by network (/24 or /64), sender and recipient."
    )
    package static let greylistDelay = SettingKey(
        "smtp/greylist-delay",
        default: Duration.seconds(300),
        in: .seconds(1)...(.seconds(86_400)),
        perInstance: true,
        help: "How long strangers are put off."
    )
    package static let greylistRetention = SettingKey(
        "smtp/greylist-retention",
        default: Duration.seconds(35 * 86_400),
        in: .seconds(60)...(.seconds(365 * 86_400)),
        perInstance: true,
        help: "For how long who has come back is no stranger; counted from their last message."
    )
    package static let connectionsPerAddress = rate(
        "connections-per-address",
        "Connections from one address; above it 421 4.7.0."
    )
    package static let connectionsPerNetwork = rate(
        "connections-per-network",
        "Connections from one network (/24 of IPv4, /64 of IPv6); above it 421 4.7.0."
    )
    package static let connectionsPerAccount = rate(
        "connections-per-account",
        "Connections on which one user logs on; above it 421 4.7.0."
    )
    package static let messagesPerAddress = rate(
        "messages-per-address",
        "Messages from one address; above it 450 4.7.0."
    )
    package static let messagesPerNetwork = rate(
        "messages-per-network",
        "Messages from one network (/24 or /64); above it 450 4.7.0."
    )
    package static let messagesPerAccount = rate(
        "messages-per-account",
        "Messages that one user submits; above it 450 4.7.0."
    )
    package static let recipientsPerAddress = rate(
        "recipients-per-address",
        "Recipients from one address; above it 450 4.7.0."
    )
    package static let recipientsPerNetwork = rate(
        "recipients-per-network",
        "Recipients from one network (/24 or /64); above it 450 4.7.0."
    )
    package static let recipientsPerAccount = rate(
        "recipients-per-account",
        "Recipients that one user submits to; above it 450 4.7.0."
    )
    package static let unknownPerNetwork = rate(
        "unknown-recipients-per-network",
        "Unknown recipients from one network (/24 or /64); above it its connections end with 421 4.7.0."
    )

    private static func rate(_ name: String, _ help: String) -> SettingKey<RateLimit> {
        SettingKey(
            "smtp/\(name)",
            default: RateLimit.none,
            perInstance: true,
            help: help + " Trusted networks have no limit; the transport workers of a machine count together."
        )
    }
}

package let smtpClientSettings: [SettingDeclaration] = [
    SMTPSettings.bareNewlineNetworks.declaration, SMTPSettings.xclientNetworks.declaration,
    SMTPSettings.earlyTalkers.declaration,
    SMTPSettings.tarpitAfter.declaration, SMTPSettings.tarpitDelay.declaration,
    SMTPSettings.connectionsPerAddress.declaration, SMTPSettings.connectionsPerNetwork.declaration,
    SMTPSettings.connectionsPerAccount.declaration,
    SMTPSettings.messagesPerAddress.declaration, SMTPSettings.messagesPerNetwork.declaration,
    SMTPSettings.messagesPerAccount.declaration, SMTPSettings.recipientsPerAddress.declaration,
    SMTPSettings.recipientsPerNetwork.declaration, SMTPSettings.recipientsPerAccount.declaration,
    SMTPSettings.unknownPerNetwork.declaration, SMTPSettings.lists.declaration,
    SMTPSettings.clientNameTimeout.declaration, SMTPSettings.listTimeout.declaration,
    SMTPSettings.listThreshold.declaration, SMTPSettings.greylist.declaration,
    SMTPSettings.greylistDelay.declaration, SMTPSettings.greylistRetention.declaration,
]
