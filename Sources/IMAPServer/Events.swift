// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let imapLogOn = EventDefinition(
        9450,
        "imap.logon.succeeded",
        .successAudit,
        text: "A client logged on.",
        cause: "LOGIN or AUTHENTICATE with a valid secret.",
        action: "None."
    )
    package static let imapLogOnFailed = EventDefinition(
        9451,
        "imap.logon.failed",
        .failureAudit,
        text: "A log-on failed.",
        cause: "Unknown user, wrong password, or an account that may not use IMAP.",
        action: "Many from one address: someone is guessing; block the address."
    )
    package static let imapBudgetSpent = EventDefinition(
        9452,
        "imap.connection.cut",
        .warning,
        text: "A connection was closed because its client spent what it may use.",
        cause: "Too many bad commands, failed log-ons, octets or too much time, as the field imap.reason says.",
        action: "Look at the client at that address."
    )
    package static let imapCommandFailed = EventDefinition(
        9453,
        "imap.command.failed",
        .error,
        text: "A command was answered NO because the server could not do it.",
        cause: "The store refused or failed; imap.detail has its words.",
        action: "Look for events of the store at the same time."
    )
    package static let imapMessageDamaged = EventDefinition(
        9454,
        "imap.message.damaged",
        .error,
        text: "A client asked for a message of which octets are lost.",
        cause: "The storage under the account is damaged.",
        action: "Run `martlet store check`, then `martlet store repair`; replace the disk."
    )
    package static let imapSessionEnded = EventDefinition(
        9455,
        "imap.session.ended",
        .information,
        text: "A session ended.",
        cause: "LOGOUT, a time-out, or a lost connection, as the field imap.reason says.",
        action: "None."
    )
    package static let imapConnectionFaulty = EventDefinition(
        9456,
        "imap.connection.faulty",
        .information,
        text: "Before log-on a client sent what is no command, or left without LOGOUT.",
        cause: "A program that is no mail client, a client with a fault, or a connection that broke.",
        action: "None, unless it is a client of yours."
    )
    package static let imapSharerLeftOut = EventDefinition(
        9457,
        "imap.sharer.left-out",
        .warning,
        text: "LIST was answered without the mailboxes that a user shares, or the directory did not learn who shares.",
        cause: "The account of that user, or the directory, could not be had; imap.detail has the words.",
        action: "Look for events of the store and the directory at the same time."
    )
}

/// All events of this module.
package let imapServerEvents: [EventDefinition] = [
    .imapLogOn, .imapLogOnFailed, .imapBudgetSpent, .imapCommandFailed, .imapMessageDamaged, .imapSessionEnded,
    .imapConnectionFaulty, .imapSharerLeftOut,
]
