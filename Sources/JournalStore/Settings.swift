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
    package static let compactBelow = SettingKey(
        "store/compact-below",
        default: 50,
        in: 0...95,
        help: "Segments of which less than this many percent are still needed are copied together; 0 for never."
    )
    package static let compressAfter = SettingKey(
        "store/compress-after",
        default: UpkeepInterval.every(.seconds(7 * 86_400)),
        help: "Mail is compressed when it has lain this long as it was delivered, where that makes it smaller."
    )
    package static let upkeepRate = SettingKey(
        "store/upkeep-rate",
        default: ByteCount.mebibytes(8),
        in: ByteCount(0)...ByteCount.gibibytes(16),
        help: "Octets a second that compaction and scrubbing read in the background; 0 for no bound."
    )
    package static let scrubInterval = SettingKey(
        "store/scrub-interval",
        default: UpkeepInterval.every(.seconds(7 * 86_400)),
        help: "How often every octet of the store is read and checked in the background."
    )
}

/// A duration, or `never`.
package enum UpkeepInterval: SettingValue, Hashable, Sendable {
    case never
    case every(Duration)

    package static var settingTypeName: String { "never | duration (ms | s | m | h | d)" }

    package init?(settingText: String) {
        if settingText == "never" {
            self = .never
        } else if let duration = Duration(settingText: settingText), duration > .zero {
            self = .every(duration)
        } else {
            return nil
        }
    }

    package var settingText: String {
        switch self {
        case .never: "never"
        case .every(let duration): duration.settingText
        }
    }

    /// 0 for never.
    package var classicValue: ClassicValue {
        switch self {
        case .never: .number(0)
        case .every(let duration): duration.classicValue
        }
    }

    /// `nil` for never.
    var duration: Duration? {
        if case .every(let duration) = self { duration } else { nil }
    }
}

package let journalStoreSettings: [SettingDeclaration] = [
    JournalStoreSettings.shards.declaration,
    JournalStoreSettings.compactBelow.declaration,
    JournalStoreSettings.compressAfter.declaration,
    JournalStoreSettings.upkeepRate.declaration,
    JournalStoreSettings.scrubInterval.declaration,
]
