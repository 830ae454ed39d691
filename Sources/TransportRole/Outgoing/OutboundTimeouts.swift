// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import SMTPClient
package import Settings

/// How long other servers are waited for (RFC 5321 §4.5.3.2).
package enum OutboundTimeoutSettings {
    private static let range = Duration.seconds(1)...Duration.seconds(3600)

    package static let connect = SettingKey(
        "outbound/connect-timeout",
        default: Duration.seconds(60),
        in: range,
        help: "How long a connection to another server may take to come about; then the next one is tried."
    )
    package static let greeting = SettingKey(
        "outbound/greeting-timeout",
        default: Duration.seconds(300),
        in: range,
        help: "How long another server's greeting is waited for (RFC 5321 §4.5.3.2.1)."
    )
    package static let command = SettingKey(
        "outbound/command-timeout",
        default: Duration.seconds(300),
        in: range,
        help: "How long the answers to EHLO, MAIL, RCPT and the like are waited for (RFC 5321 §4.5.3.2.2)."
    )
    package static let data = SettingKey(
        "outbound/data-timeout",
        default: Duration.seconds(120),
        in: range,
        help: "How long the answer to DATA is waited for (RFC 5321 §4.5.3.2.4)."
    )
    package static let block = SettingKey(
        "outbound/block-timeout",
        default: Duration.seconds(180),
        in: range,
        help: "How long each piece of a message may take to be sent (RFC 5321 §4.5.3.2.5)."
    )
    package static let answer = SettingKey(
        "outbound/answer-timeout",
        default: Duration.seconds(600),
        in: range,
        help: "How long the answer to the end of a message is waited for (RFC 5321 §4.5.3.2.6). A short time sends "
            + "messages twice."
    )
}

package let outboundTimeoutSettings: [SettingDeclaration] = [
    OutboundTimeoutSettings.connect.declaration, OutboundTimeoutSettings.greeting.declaration,
    OutboundTimeoutSettings.command.declaration, OutboundTimeoutSettings.data.declaration,
    OutboundTimeoutSettings.block.declaration, OutboundTimeoutSettings.answer.declaration,
]

extension SMTPTimeouts {
    /// Towards other servers.
    init(_ settings: SettingsSnapshot) {
        self.init(
            connect: settings[OutboundTimeoutSettings.connect],
            greeting: settings[OutboundTimeoutSettings.greeting],
            command: settings[OutboundTimeoutSettings.command],
            dataStart: settings[OutboundTimeoutSettings.data],
            block: settings[OutboundTimeoutSettings.block],
            answer: settings[OutboundTimeoutSettings.answer]
        )
    }
}
