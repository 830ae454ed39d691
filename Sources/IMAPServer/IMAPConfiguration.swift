// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import Settings

/// What an instance of the service is set to, as values: read once for each connection.
package struct IMAPConfiguration: Sendable {
    /// Certificate for STARTTLS; without it, STARTTLS is not offered.
    package var tls: TLSContext?
    /// Told in ID.
    package var serverVersion: String
    /// How long to wait for an account that is in use elsewhere.
    package var storeWait: Duration
    package var maximumMessageOctets: UInt64
    package var idleTimeout: Duration
    package var preAuthenticationTime: Duration
    package var preAuthenticationCommands: Int
    package var preAuthenticationOctets: Int
    package var failedLogOns: Int
    package var failedLogOnDelay: Duration
    package var badCommands: Int
    package var allowsUnauthenticate: Bool
    /// Announced and held to; `nil` for none (RFC 9738).
    package var messageLimit: MessageLimit?
    /// Told as annotations of the server; empty for none.
    package var serverComment: String
    package var administrator: String
    /// How long a command may take before its client is told how far it is, and then again (RFC 9585 §4).
    package var progressInterval = Duration.seconds(10)
    /// Whether users may share mailboxes (RFC 4314): only with a `MailboxSharing` that the session is given.
    package var sharesMailboxes = false
    /// Whether a front-end stands between the session and its client: it is told what the session's state is, and no
    /// BYE is said when the process drains, since the front-end takes the session elsewhere.
    package var isBehindFrontEnd = false

    package init(
        _ settings: SettingsSnapshot = SettingsSnapshot(),
        instance: String = "1",
        tls: TLSContext? = nil,
        serverVersion: String = ""
    ) {
        func value<Value>(_ key: SettingKey<Value>) -> Value { settings[key, instance: instance] }
        self.tls = tls
        self.serverVersion = serverVersion
        storeWait = value(IMAPSettings.shareRetrySleep) * value(IMAPSettings.shareRetryAttempts)
        maximumMessageOctets = UInt64(clamping: value(IMAPSettings.maximumMessageSize).octets)
        idleTimeout = value(IMAPSettings.idleTimeout)
        preAuthenticationTime = value(IMAPSettings.preAuthenticationTime)
        preAuthenticationCommands = value(IMAPSettings.preAuthenticationCommands)
        preAuthenticationOctets = Int(clamping: value(IMAPSettings.preAuthenticationOctets).octets)
        failedLogOns = value(IMAPSettings.failedLogOns)
        failedLogOnDelay = value(IMAPSettings.failedLogOnDelay)
        badCommands = value(IMAPSettings.badCommands)
        allowsUnauthenticate = value(IMAPSettings.unauthenticate)
        messageLimit = MessageLimit(
            count: value(IMAPSettings.messageLimit),
            scope: MessageLimit.Scope(rawValue: value(IMAPSettings.messageLimitScope)) ?? .all
        )
        serverComment = value(IMAPSettings.serverComment)
        administrator = value(IMAPSettings.administrator)
    }
}
