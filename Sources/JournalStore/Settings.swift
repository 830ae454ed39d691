// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

package enum JournalStoreSettings {
    package static let shards = SettingKey(
        "store/shards",
        default: 1,
        in: 1...64,
        live: false,
        help:
            "Journals that a new store is divided into; one for each disk is right. A store keeps its number."
    )
}

package let journalStoreSettings: [SettingDeclaration] = [JournalStoreSettings.shards.declaration]
