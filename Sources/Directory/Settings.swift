// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Runtime
package import Settings

/// When SCRAM is offered, and keys for it are kept.
package enum SCRAMPolicy: String, Sendable, Hashable, SettingValue {
    /// Keys are kept; offered while every account with a password has them.
    case auto
    case on
    case off

    package static var settingTypeName: String { "auto | on | off" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Settings of the directory.
package enum DirectorySettings {
    package static let plusAddressing = SettingKey(
        "directory/plus-addressing",
        default: true,
        help: "Whether user+anything@domain is delivered to user@domain when it is no address of its own."
    )
    package static let postmaster = SettingKey(
        "directory/postmaster",
        default: "",
        allowed: "an address, or empty",
        where: { $0.isEmpty || MailboxAddress($0) != nil },
        help:
            "Who gets mail to postmaster at a local domain that has no such address; when empty, the first account of "
            + "the domain."
    )
    package static let defaultDomain = SettingKey(
        "directory/default-domain",
        default: "",
        allowed: "a domain, or empty",
        where: { $0.isEmpty || Domain($0) != nil },
        help:
            "The domain of those who log on with the local part of their address only; when empty, they must give all "
            + "of it."
    )
    package static let verifiedLifetime = SettingKey(
        "directory/verified-credential-lifetime",
        default: Duration.seconds(600),
        in: .zero ... .seconds(86_400),
        help: "How long a password that was right is remembered (as a keyed digest, in memory), so that clients that "
            + "connect again cost no hashing. A changed password is noticed at once. 0s remembers nothing."
    )
    package static let hashingQueue = SettingKey(
        "directory/hashing-queue",
        default: 200,
        in: 1...10_000,
        help: "How many passwords may wait to be hashed in one process before further log-ons are put off."
    )
    package static let scram = SettingKey(
        "directory/scram",
        default: SCRAMPolicy.auto,
        help: "Whether SCRAM-SHA-256 and SCRAM-SHA-256-PLUS are offered, and keys for them are kept beside password "
            + "hashes. auto offers them while every account with a password has keys: a client that may choose takes "
            + "SCRAM, and does not try another way when it fails."
    )
    package static let offersSHA1 = SettingKey(
        "directory/scram-sha-1",
        default: false,
        help: "Whether the same holds for SCRAM-SHA-1 and SCRAM-SHA-1-PLUS, for clients that know no newer hash."
    )
    package static let learnsKeys = SettingKey(
        "directory/learn-scram-keys",
        default: true,
        help: "Whether an account without SCRAM keys gets them from the password that it logs on with. Keys are made "
            + "whenever a password is set; this is for hashes that came from elsewhere."
    )
    package static let failuresPerNetwork = SettingKey(
        "directory/failures-per-address",
        default: 20,
        in: 0...1_000_000,
        help:
            "Failed log-ons within directory/failure-window after which an address (IPv4, or a /64 of IPv6) is banned, "
            + "counted over all protocols and workers; 0 for never. Accounts that have logged on from there before "
            + "stay open."
    )
    package static let failuresPerAccount = SettingKey(
        "directory/failures-per-account",
        default: 50,
        in: 0...1_000_000,
        help:
            "Failed log-ons within directory/failure-window after which an account is banned for addresses that it has "
            + "not logged on from before; 0 for never."
    )
    package static let failureWindow = SettingKey(
        "directory/failure-window",
        default: Duration.seconds(900),
        in: .seconds(10) ... .seconds(86_400),
        help: "The time in which that many failures ban; they are forgotten evenly over it."
    )
    package static let banTime = SettingKey(
        "directory/ban-time",
        default: Duration.seconds(900),
        in: .zero ... .seconds(30 * 86_400),
        help: "How long a ban lasts; with 0s nothing is counted, and only bans by hand hold."
    )
    package static let trustedNetworks = SettingKey(
        "directory/trusted-networks",
        default: ["127.0.0.0/8", "::1"],
        allowed: "addresses and networks, such as 192.0.2.0/24, 2001:db8::/32",
        where: { $0.allSatisfy { IPNetwork($0) != nil } },
        help: "Addresses that are never banned, and whose failures do not count, such as that of a webmail server."
    )
    package static let quotaOctets = SettingKey(
        "store/quota-octets",
        default: ByteCount(0),
        in: ByteCount(0)...ByteCount.gibibytes(1 << 20),
        help: "What an account may store when none is set for it (account set --quota); 0 for no bound."
    )
    package static let quotaMessages = SettingKey(
        "store/quota-messages",
        default: 0,
        in: 0...1_000_000_000,
        help: "How many messages an account may store when none is set for it (account set --quota-messages); 0 for no "
            + "bound."
    )
    package static let saveSent = SettingKey(
        "submission/save-sent",
        default: false,
        help: "Whether mail that users submit is filed in their mailbox of sent mail (\\Sent), for accounts for which "
            + "it is not set (account set --save-sent). A copy that the client appends itself is recognised."
    )
}

/// Every setting of this module.
package let directorySettings: [SettingDeclaration] = [
    DirectorySettings.plusAddressing.declaration, DirectorySettings.postmaster.declaration,
    DirectorySettings.defaultDomain.declaration, DirectorySettings.verifiedLifetime.declaration,
    DirectorySettings.hashingQueue.declaration, DirectorySettings.scram.declaration,
    DirectorySettings.failuresPerNetwork.declaration, DirectorySettings.failuresPerAccount.declaration,
    DirectorySettings.failureWindow.declaration, DirectorySettings.banTime.declaration,
    DirectorySettings.trustedNetworks.declaration,
    DirectorySettings.offersSHA1.declaration, DirectorySettings.learnsKeys.declaration,
    DirectorySettings.quotaOctets.declaration, DirectorySettings.quotaMessages.declaration,
    DirectorySettings.saveSent.declaration,
]
