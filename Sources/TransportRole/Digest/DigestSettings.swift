// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of the daily report to postmaster.
package enum DigestSettings {
    package static let enabled = SettingKey(
        "digest/enabled",
        default: false,
        help: "Whether postmaster gets a mail every day: what could not be delivered, what waits, what was set aside."
    )
    package static let time = SettingKey(
        "digest/time",
        default: "06:00",
        allowed: "HH:MM, by the machine's clock",
        where: { DigestTime($0) != nil },
        help: "When the daily report is made."
    )
    package static let whenEmpty = SettingKey(
        "digest/when-empty",
        default: false,
        help: "Whether the daily report comes, too, when nothing failed, waits for long, or was set aside."
    )
}

package let digestSettings: [SettingDeclaration] = [
    DigestSettings.enabled.declaration, DigestSettings.time.declaration, DigestSettings.whenEmpty.declaration,
]
