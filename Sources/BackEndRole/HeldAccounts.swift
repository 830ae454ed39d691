// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailStore
internal import MailTypes
internal import ServiceControl
package import Settings

package enum DrillSettings {
    package static let heldAccounts = SettingKey<[String]>(
        "drill/held-accounts",
        default: [],
        allowed: "numbers of accounts, as account show says them",
        where: { $0.allSatisfy { UInt64($0) != nil } },
        help: "With drill/enabled: these accounts are in use elsewhere, as far as log-ons and deliveries can tell."
    )
}

/// The drill that has accounts be in use elsewhere.
enum HeldAccounts {
    /// Holds and lets go of accounts as the settings change.
    static func follow(_ settings: LiveSettings, _ leases: EmbeddedLeases) {
        let held = Lock<Set<AccountID>>([])
        settings.observe { snapshot in
            let numbers = snapshot[ServiceSettings.drillEnabled] ? snapshot[DrillSettings.heldAccounts] : []
            let wanted = Set(numbers.compactMap { UInt64($0) }.map { AccountID($0) })
            let before = held.withLock { held in
                defer { held = wanted }
                return held
            }
            for account in wanted.subtracting(before) { leases.hold(account) }
            for account in before.subtracting(wanted) { leases.letGo(account) }
        }
    }
}
