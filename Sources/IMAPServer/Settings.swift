// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of IMAP listeners and sessions.
///
/// Each can be set for one instance: `imap/1/...`.
package enum IMAPSettings {
    package static let shareRetryAttempts = SettingKey(
        "imap/share-retry-attempts",
        default: 16,
        in: 1...1000,
        perInstance: true,
        classic: ["imapsvc/ImapShareRetryAttempts"],
        help: "How often to try for an account that is in use elsewhere. Times share-retry-sleep, this is how long a "
            + "log-on waits before it is answered NO [INUSE]."
    )
    package static let shareRetrySleep = SettingKey(
        "imap/share-retry-sleep",
        default: Duration.milliseconds(250),
        in: .zero ... .seconds(60),
        perInstance: true,
        classic: ["imapsvc/ImapShareRetrySleep"],
        help: "Time between two tries for an account that is in use elsewhere."
    )
    package static let maximumMessageSize = SettingKey(
        "imap/maximum-message-size",
        default: ByteCount.mebibytes(50),
        in: .kibibytes(1) ... .gibibytes(4),
        perInstance: true,
        help: "Largest message that APPEND takes. Told to clients as APPENDLIMIT."
    )
    package static let messageLimit = SettingKey(
        "imap/message-limit",
        default: 0,
        allowed: "0, which is none, or 1000 to 100000",
        where: { $0 == 0 || (1000...100_000).contains($0) },
        perInstance: true,
        help: "How many messages one command handles (RFC 9738), told to clients as MESSAGELIMIT or SAVELIMIT. Clients "
            + "that do not know it see no more than so many messages of a large mailbox."
    )
    package static let messageLimitScope = SettingKey(
        "imap/message-limit-scope",
        default: MessageLimit.Scope.all.rawValue,
        allowed: MessageLimit.Scope.allCases.map(\.rawValue).joined(separator: " | "),
        where: { MessageLimit.Scope(rawValue: $0) != nil },
        perInstance: true,
        help: "Which commands message-limit bounds: all for SEARCH, FETCH, STORE, COPY, MOVE, APPEND and UID EXPUNGE, "
            + "save for COPY and APPEND."
    )
    package static let idleTimeout = SettingKey(
        "imap/idle-timeout",
        default: Duration.seconds(1800),
        in: .seconds(1800) ... .seconds(86_400),
        perInstance: true,
        help: "How long a logged-on client may be silent, in IDLE too. RFC 9051 §5.4 asks for 30 minutes at least."
    )
    package static let preAuthenticationTime = SettingKey(
        "imap/pre-authentication-time",
        default: Duration.seconds(120),
        in: .seconds(5) ... .seconds(1800),
        perInstance: true,
        help: "How long a client may take to log on."
    )
    package static let preAuthenticationCommands = SettingKey(
        "imap/pre-authentication-commands",
        default: 100,
        in: 5...10_000,
        perInstance: true,
        help: "How many commands a client may send before it has logged on."
    )
    package static let preAuthenticationOctets = SettingKey(
        "imap/pre-authentication-octets",
        default: ByteCount.kibibytes(256),
        in: .kibibytes(16) ... .mebibytes(16),
        perInstance: true,
        help: "How many octets of commands a client may send before it has logged on."
    )
    package static let failedLogOns = SettingKey(
        "imap/failed-logons",
        default: 10,
        in: 1...1000,
        perInstance: true,
        help: "How many log-ons may fail on one connection before it is closed."
    )
    package static let failedLogOnDelay = SettingKey(
        "imap/failed-logon-delay",
        default: Duration.seconds(1),
        in: .zero ... .seconds(30),
        perInstance: true,
        help: "How long the answer to a failed log-on is held back, times the number of failures, 5 times at most."
    )
    package static let badCommands = SettingKey(
        "imap/bad-commands",
        default: 25,
        in: 1...10_000,
        perInstance: true,
        help: "How many commands in a row may be answered BAD before the connection is closed."
    )
    package static let serverComment = SettingKey(
        "imap/server-comment",
        default: "",
        perInstance: true,
        help: "What clients are told as /shared/comment of the server (RFC 5464): a note to all users."
    )
    package static let administrator = SettingKey(
        "imap/administrator",
        default: "",
        perInstance: true,
        help: "What clients are told as /shared/admin (RFC 5464): how to reach who runs the server, as a URI such as "
            + "mailto:postmaster@example.com."
    )
    package static let unauthenticate = SettingKey(
        "imap/unauthenticate",
        default: true,
        perInstance: true,
        help: "Whether UNAUTHENTICATE (RFC 8437) is offered: a client that is logged on may log on as somebody else. "
            + "Turn it off behind a proxy that decides who may log on, and looks at the first log-on only."
    )
}

/// All settings of this module.
package let imapServerSettings: [SettingDeclaration] = [
    IMAPSettings.shareRetryAttempts.declaration, IMAPSettings.shareRetrySleep.declaration,
    IMAPSettings.maximumMessageSize.declaration, IMAPSettings.messageLimit.declaration,
    IMAPSettings.messageLimitScope.declaration, IMAPSettings.idleTimeout.declaration,
    IMAPSettings.preAuthenticationTime.declaration, IMAPSettings.preAuthenticationCommands.declaration,
    IMAPSettings.preAuthenticationOctets.declaration, IMAPSettings.failedLogOns.declaration,
    IMAPSettings.failedLogOnDelay.declaration, IMAPSettings.badCommands.declaration,
    IMAPSettings.unauthenticate.declaration, IMAPSettings.serverComment.declaration,
    IMAPSettings.administrator.declaration,
]
