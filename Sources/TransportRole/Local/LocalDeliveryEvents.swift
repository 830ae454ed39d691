// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let delivered = EventDefinition(
        9400,
        "transport.delivery.stored",
        .information,
        text: "A message is in a mailbox.",
        cause: "The back-end worker said that it is on disk.",
        action: "None."
    )
    static let deliveryRefused = EventDefinition(
        9401,
        "transport.delivery.refused",
        .warning,
        text: "A back-end worker refused a message or put it off.",
        cause: "The reply says why: quota, a full disk, a busy or damaged mailbox.",
        action: "Do what the reply asks for; the sender was told the same."
    )
    static let deliveryRetried = EventDefinition(
        9402,
        "transport.delivery.retried",
        .warning,
        text: "A back-end worker did not answer; the delivery is tried again.",
        cause: "The worker died, restarts or drains.",
        action: "None, if it ends well; else look at the worker."
    )
    static let deliveryPutOff = EventDefinition(
        9403,
        "transport.delivery.put-off",
        .error,
        text: "A back-end worker did not answer in time; the message goes to the queue.",
        cause: "The worker was away for longer than transport/local-delivery-deadline.",
        action: "Look at the worker: martlet service list."
    )
    static let spoolFailed = EventDefinition(
        9404,
        "transport.spool.failed",
        .error,
        text: "A large message could not be held while it came in; the sender was told to try again later.",
        cause: "The spool folder is full or not writable.",
        action: "Make room, or correct the folder's permissions."
    )
    static let expanded = EventDefinition(
        9440,
        "transport.expanded",
        .information,
        text: "A recipient stands for others; the message is queued for them.",
        cause: "It is a group, an alias of several, or an account that forwards its mail.",
        action: "None; martlet route explain ADDRESS shows whom it stands for."
    )
    static let sentCopyNotFiled = EventDefinition(
        9442,
        "transport.sent-copy.not-filed",
        .warning,
        text: "A message was sent, but its sender's copy could not be filed.",
        cause: "The sender's account is over its quota, or neither the back-end worker nor the queue took the copy.",
        action: "See the result; the sender has no copy of this message but its own."
    )
    static let returned = EventDefinition(
        9441,
        "transport.forward.loop",
        .warning,
        text: "A message came back to an address that had passed it on; it was returned to its sender.",
        cause: "Somebody to whom the address forwards its mail forwards it to the address (Delivered-To names it).",
        action: "Take one of the two forwards out: martlet route explain ADDRESS."
    )
}

extension EventDefinition {
    static let digestImpossible = EventDefinition(
        9410,
        "transport.digest.impossible",
        .warning,
        text: "The daily report to postmaster goes nowhere",
        cause: "The address of postmaster does not lead to an account of this server.",
        action: "Set directory/postmaster to a mailbox that somebody reads."
    )
}

package let localDeliveryEvents: [EventDefinition] = [
    .digestImpossible,
    .delivered, .deliveryRefused, .deliveryRetried, .deliveryPutOff, .spoolFailed, .expanded, .returned,
    .sentCopyNotFiled,
    .filterUnusable,
]
