// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Settings

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
}

/// Every setting of this module.
package let directorySettings: [SettingDeclaration] = [
    DirectorySettings.plusAddressing.declaration, DirectorySettings.postmaster.declaration,
    DirectorySettings.defaultDomain.declaration, DirectorySettings.verifiedLifetime.declaration,
    DirectorySettings.hashingQueue.declaration, DirectorySettings.quotaOctets.declaration,
    DirectorySettings.quotaMessages.declaration,
]
