// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let pop3LogOn = EventDefinition(
        9500,
        "pop3.logon.succeeded",
        .successAudit,
        text: "A user logged on to POP3.",
        cause: "The password was right.",
        action: "None."
    )
    package static let pop3LogOnFailed = EventDefinition(
        9501,
        "pop3.logon.failed",
        .failureAudit,
        text: "A log-on to POP3 failed.",
        cause: "The password or user name was wrong, the account may not use POP3, or the directory did not answer.",
        action:
            "When the reason is credentials and it happens often from one address, somebody guesses: block the address."
    )
    package static let pop3LogOnInClear = EventDefinition(
        9502,
        "pop3.logon.clear",
        .warning,
        text: "A client tried to log on without TLS and was refused.",
        cause: "The client is not set up for TLS, so its password may have crossed the network in the clear.",
        action: "Have the client use port 995 or STLS, and the password changed."
    )
    package static let pop3BudgetExceeded = EventDefinition(
        9503,
        "pop3.budget.exceeded",
        .warning,
        text: "A client was disconnected before it had logged on.",
        cause: "It sent too many commands, failed to log on too often, or took too long.",
        action: "None, unless it is a client you know: then look at pop3/commands-before-log-on and its neighbours."
    )
    package static let pop3DeletionFailed = EventDefinition(
        9504,
        "pop3.deletion.failed",
        .error,
        text: "Messages that a client deleted could not be removed.",
        cause: "The store refused or failed at QUIT; the client was told, and the messages are still there.",
        action: "See the store's events of the same time."
    )
    package static let pop3RetrievalBroken = EventDefinition(
        9505,
        "pop3.retrieval.broken",
        .error,
        text: "A message could not be sent to its end and the connection was closed.",
        cause: "The store failed after the first part was sent; a POP3 answer cannot be taken back.",
        action: "See the store's events of the same time."
    )
    package static let pop3SessionEnded = EventDefinition(
        9506,
        "pop3.session.ended",
        .information,
        text: "A POP3 session ended.",
        cause: "The client quit, went away, or was idle for too long.",
        action: "None."
    )
    package static let pop3MaildropUnavailable = EventDefinition(
        9507,
        "pop3.maildrop.unavailable",
        .warning,
        text: "A maildrop could not be opened.",
        cause: "The account was in use until the deadline passed, or the store failed.",
        action: "If it lasts, see the store's events and pop3/share-retry-attempts."
    )
    package static let pop3ConnectionFaulty = EventDefinition(
        9508,
        "pop3.connection.faulty",
        .information,
        text: "Before log-on a client sent what is no command, or left without QUIT.",
        cause: "A program that is no mail client, a client with a fault, or a connection that broke.",
        action: "None, unless it is a client of yours."
    )
    package static let pop3MessageDamaged = EventDefinition(
        12802,
        "pop3.message.damaged",
        .error,
        text: "Content of a message that a POP3 client asked for is damaged.",
        cause: "Stored octets do not match their checksum.",
        action: "Restore the message from a backup, and check the disk."
    )
}

package let pop3ServerEvents: [EventDefinition] = [
    .pop3LogOn, .pop3LogOnFailed, .pop3LogOnInClear, .pop3BudgetExceeded, .pop3DeletionFailed, .pop3RetrievalBroken,
    .pop3SessionEnded, .pop3MaildropUnavailable, .pop3MessageDamaged, .pop3ConnectionFaulty,
]
