// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// The settings of the POP3 service.
package enum POP3Settings {
    package static let shareRetryAttempts = SettingKey(
        "pop3/share-retry-attempts",
        default: 16,
        in: 0...1000,
        perInstance: true,
        classic: ["pop3svc/PopShareRetryAttempts"],
        help: """
            How often a maildrop that is in use is tried again at log-on. Times the sleep it is the deadline, after \
            which the client is told [IN-USE] and stays connected.
            """
    )
    package static let shareRetrySleep = SettingKey(
        "pop3/share-retry-sleep",
        default: Duration.milliseconds(250),
        in: .zero ... .seconds(60),
        perInstance: true,
        classic: ["pop3svc/PopShareRetrySleep"],
        help: "How long to wait between two tries at a maildrop that is in use."
    )
    package static let idleTimeout = SettingKey(
        "pop3/idle-timeout",
        default: Duration.seconds(600),
        in: .seconds(600) ... .seconds(86_400),
        perInstance: true,
        help:
            "A session without a command for so long is closed, and deletes nothing. RFC 1939 §3 forbids less than 10 minutes."
    )
    package static let logOnDeadline = SettingKey(
        "pop3/log-on-deadline",
        default: Duration.seconds(180),
        in: .seconds(5) ... .seconds(3600),
        perInstance: true,
        help: "Time from the connection to a successful log-on."
    )
    package static let logOnFailures = SettingKey(
        "pop3/log-on-failures",
        default: 3,
        in: 1...100,
        perInstance: true,
        help: "Failed log-ons after which the connection is closed."
    )
    package static let logOnFailureDelay = SettingKey(
        "pop3/log-on-failure-delay",
        default: Duration.seconds(1),
        in: .zero ... .seconds(60),
        perInstance: true,
        help: "How long a failed log-on waits for its answer, which makes guessing slow."
    )
    package static let commandsBeforeLogOn = SettingKey(
        "pop3/commands-before-log-on",
        default: 100,
        in: 10...10_000,
        perInstance: true,
        help: "Commands that a client may send before it has logged on; more of them close the connection."
    )
    package static let loginDelay = SettingKey(
        "pop3/login-delay",
        default: Duration.zero,
        in: .zero ... .seconds(86_400),
        perInstance: true,
        help: "The least time between two log-ons of one account (LOGIN-DELAY of RFC 2449), over all workers; who "
            + "comes sooner is told [LOGIN-DELAY]. 0s for none. In whole seconds."
    )
}

package let pop3ServerSettings: [SettingDeclaration] = [
    POP3Settings.shareRetryAttempts.declaration,
    POP3Settings.shareRetrySleep.declaration,
    POP3Settings.idleTimeout.declaration,
    POP3Settings.logOnDeadline.declaration,
    POP3Settings.logOnFailures.declaration,
    POP3Settings.logOnFailureDelay.declaration,
    POP3Settings.commandsBeforeLogOn.declaration,
    POP3Settings.loginDelay.declaration,
]

/// The settings of one instance, read once for each connection.
package struct POP3Limits: Sendable, Equatable {
    /// How long a log-on waits for the account: attempts times sleep.
    package var shareDeadline: Duration
    package var idleTimeout: Duration
    package var logOnDeadline: Duration
    package var logOnFailures: Int
    package var logOnFailureDelay: Duration
    package var commandsBeforeLogOn: Int
    /// Seconds between two log-ons of one account; 0 for none.
    package var loginDelay: Int64

    package init(_ settings: SettingsSnapshot = SettingsSnapshot(), instance: String = "1") {
        shareDeadline =
            settings[POP3Settings.shareRetrySleep, instance: instance]
            * settings[POP3Settings.shareRetryAttempts, instance: instance]
        idleTimeout = settings[POP3Settings.idleTimeout, instance: instance]
        logOnDeadline = settings[POP3Settings.logOnDeadline, instance: instance]
        logOnFailures = settings[POP3Settings.logOnFailures, instance: instance]
        logOnFailureDelay = settings[POP3Settings.logOnFailureDelay, instance: instance]
        commandsBeforeLogOn = settings[POP3Settings.commandsBeforeLogOn, instance: instance]
        loginDelay = settings[POP3Settings.loginDelay, instance: instance].components.seconds
    }
}
