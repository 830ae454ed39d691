// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let messageDelivered = EventDefinition(
        9340,
        "backend.message.delivered",
        .information,
        text: "A message was put into a mailbox",
        cause: "The transport delivered it.",
        action: "Nothing."
    )
    static let messageNotDelivered = EventDefinition(
        9341,
        "backend.message.not-delivered",
        .warning,
        text: "A message could not be put into a mailbox",
        cause: "The store refused it; the fields say why.",
        action: "See the reason; a temporary one is tried again by the sender."
    )
    static let messageOpaque = EventDefinition(
        9342,
        "backend.message.opaque",
        .warning,
        text: "A message is kept without looking into it",
        cause: "It was set aside: this server died twice while it read its structure.",
        action: "Nothing: the message is whole, and clients get it as one opaque part."
    )
}

extension EventDefinition {
    static let mailRemoved = EventDefinition(
        9343,
        "backend.account.removed",
        .information,
        text: "The mail of an account was removed",
        cause: "The account was removed from the directory without --keep-mail.",
        action: "Nothing."
    )
    static let removalFailed = EventDefinition(
        9344,
        "backend.account.removal-failed",
        .error,
        text: "The mail of an account that was removed could not be removed; it is tried again",
        cause: "The store or the directory refused it; the field detail says why.",
        action: "See the detail."
    )
}

package let backEndRoleEvents: [EventDefinition] = [
    .messageDelivered, .messageNotDelivered, .messageOpaque, .mailRemoved, .removalFailed,
]
