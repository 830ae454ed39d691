// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
package import Settings

/// Who may leave mail in the pickup folder.
package enum PickupAccess: String, Sendable, Hashable, CaseIterable, SettingValue {
    /// The server's user, and root.
    case owner
    /// Members of the folder's group, too.
    case group
    /// Every user of this machine; none can see or remove what others left.
    case everyone

    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }

    /// Of the folder.
    var mode: UInt32 {
        switch self {
        case .owner: 0o700
        case .group: 0o3770
        case .everyone: 0o1733
        }
    }
}

/// Settings of the pickup folder.
package enum PickupSettings {
    package static let enabled = SettingKey(
        "pickup/enabled",
        default: true,
        help: "Whether mail is taken from the pickup folder, where programs of this machine leave it."
    )
    package static let folder = SettingKey(
        "pickup/folder",
        default: "",
        allowed: "an absolute path, or empty",
        where: { $0.isEmpty || $0.hasPrefix("/") },
        live: false,
        help: "The pickup folder; empty: pickup in the data folder, which only the server's own user and root reach. "
            + "For other users put it elsewhere and set pickup/access."
    )
    package static let access = SettingKey(
        "pickup/access",
        default: PickupAccess.owner,
        live: false,
        help: "Who may leave mail in the pickup folder: the server's user (owner), members of its group (group), or "
            + "every user of this machine (everyone)."
    )
    package static let domain = SettingKey(
        "pickup/domain",
        default: "",
        allowed: "a domain, or empty",
        where: { $0.isEmpty || Domain($0) != nil },
        help: "The domain of addresses in the pickup folder that have none, such as root; empty: postmaster's."
    )
    package static let rate = SettingKey(
        "pickup/rate",
        default: 50,
        in: 1...10_000,
        help: "Most files that are taken from the pickup folder in a second; the others wait there."
    )
    package static let milters = SettingKey(
        "pickup/milters",
        default: [String](),
        allowed: "names of filters, which milter/<name>/address places",
        where: { $0.count <= 16 && $0.allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) } },
        help: "Filters that are asked about mail from the pickup folder, in this order."
    )
}

/// Settings of the pickup folder.
package let pickupSettings: [SettingDeclaration] = [
    PickupSettings.enabled.declaration, PickupSettings.folder.declaration, PickupSettings.access.declaration,
    PickupSettings.domain.declaration, PickupSettings.rate.declaration, PickupSettings.milters.declaration,
]
