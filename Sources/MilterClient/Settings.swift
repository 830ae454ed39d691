// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of filters; each filter is an instance: `milter/dkim/address`.
///
/// Which filters a listener asks is said there: `smtp/1/milters`.
package enum MilterSettings {
    package static let address = SettingKey(
        "milter/address",
        default: "",
        allowed: "unix:/PATH or inet:ADDRESS:PORT, or empty",
        where: { $0.isEmpty || MilterAddress($0) != nil },
        perInstance: true,
        help: "Where a filter that speaks the milter protocol listens. Listeners name their filters in smtp/milters."
    )
    package static let whenUnavailable = SettingKey(
        "milter/when-unavailable",
        default: MilterFallback.tempfail,
        perInstance: true,
        help: "What becomes of mail while the filter is away, stalls or talks nonsense: accept it unfiltered, tempfail "
            + "(451, the client tries again), or reject (550)."
    )
    package static let connectTimeout = SettingKey(
        "milter/connect-timeout",
        default: Duration.seconds(30),
        in: .milliseconds(100)...(.seconds(600)),
        perInstance: true,
        help: "Longest wait for the filter to take a connection and to agree on what is spoken."
    )
    package static let commandTimeout = SettingKey(
        "milter/command-timeout",
        default: Duration.seconds(30),
        in: .milliseconds(100)...(.seconds(600)),
        perInstance: true,
        help: "Longest wait for the filter's answer to a command, a header field or a piece of the body."
    )
    package static let contentTimeout = SettingKey(
        "milter/content-timeout",
        default: Duration.seconds(300),
        in: .milliseconds(100)...(.seconds(3600)),
        perInstance: true,
        help: "Longest wait for the filter's next word once it has the whole message."
    )
}

/// Every setting of this module.
package let milterSettings: [SettingDeclaration] = [
    MilterSettings.address.declaration, MilterSettings.whenUnavailable.declaration,
    MilterSettings.connectTimeout.declaration, MilterSettings.commandTimeout.declaration,
    MilterSettings.contentTimeout.declaration,
]
