// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

package enum StoreSettings {
    package static let corruptMessagePolicy = SettingKey(
        "store/corrupt-message-policy",
        default: "fill",
        allowed: "fill | refuse",
        where: { $0 == "fill" || $0 == "refuse" },
        classic: ["imapsvc/CorruptMessagePolicy"],
        help: "What readers of a damaged message get: the message with filler lines for what is lost, or a refusal."
    )
    package static let specialFolders = SettingKey<[String]>(
        "store/special-folders",
        default: ["Drafts=drafts", "Sent=sent", "Junk=junk", "Trash=trash", "Archive=archive"],
        allowed: "words NAME=USE, with a use of drafts, sent, junk, trash, archive, flagged or all, or NAME alone",
        where: { $0.allSatisfy { SpecialFolder($0) != nil } },
        help: "Folders that a new account gets beside INBOX, subscribed, with their special use (RFC 6154). Accounts "
            + "that are there already stay as they are."
    )
    package static let openAccounts = SettingKey(
        "store/open-accounts",
        default: 2000,
        in: 10...1_000_000,
        help: "How many accounts are kept in memory; those used last stay. Accounts with sessions always stay."
    )
    package static let reservedSpace = SettingKey(
        "store/reserved-space",
        default: ByteCount.mebibytes(64),
        in: ByteCount(0)...ByteCount.gibibytes(1024),
        live: false,
        help: "New mail is refused when the disk has less room than this, so that deleting mail still works."
    )
    package static let maximumMessageSize = SettingKey(
        "store/maximum-message-size",
        default: ByteCount.gibibytes(1),
        in: ByteCount.kibibytes(64)...ByteCount.gibibytes(64),
        help: "The largest message that the store takes, whatever way it comes."
    )
    package static let searchIndex = SettingKey(
        "store/search-index",
        default: true,
        help: "Keep the texts of messages ready for searching. Off, each search reads the messages themselves."
    )
}

package let mailStoreSettings: [SettingDeclaration] = [
    StoreSettings.corruptMessagePolicy.declaration,
    StoreSettings.specialFolders.declaration,
    StoreSettings.openAccounts.declaration,
    StoreSettings.reservedSpace.declaration,
    StoreSettings.maximumMessageSize.declaration,
    StoreSettings.searchIndex.declaration,
]

/// What the store reads for every message, renewed on change.
struct StoreSettingsInForce: Sendable {
    var refusesDamaged = false
    var keepsTexts = true
    var openAccounts = StoreSettings.openAccounts.defaultValue
    var specialFolders: [SpecialFolder] = []
    var maximumMessageOctets = UInt64(clamping: StoreSettings.maximumMessageSize.defaultValue.octets)

    init(_ snapshot: SettingsSnapshot) {
        refusesDamaged = snapshot[StoreSettings.corruptMessagePolicy] == "refuse"
        keepsTexts = snapshot[StoreSettings.searchIndex]
        openAccounts = snapshot[StoreSettings.openAccounts]
        specialFolders = snapshot[StoreSettings.specialFolders].compactMap { SpecialFolder($0) }
        maximumMessageOctets = UInt64(clamping: snapshot[StoreSettings.maximumMessageSize].octets)
    }
}
