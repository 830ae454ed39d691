// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let traceStarted = EventDefinition(
        9170,
        "trace.started",
        .successAudit,
        text: "A protocol trace was switched on.",
        cause: "An administrator looks for a fault; the fields say who, what and until when.",
        action: "None; it ends by itself. To end it now: martlet trace stop."
    )
    package static let traceEnded = EventDefinition(
        9171,
        "trace.ended",
        .information,
        text: "A protocol trace is over.",
        cause: "Its time or its size was reached, or an administrator ended it.",
        action: "None. What it has: martlet trace show."
    )
}

extension EventDefinition {
    package static let settingsChanged = EventDefinition(
        9150,
        "settings.changed",
        .successAudit,
        text: "Settings were changed.",
        cause:
            "An administrator set or unset a value, or went back to an earlier version; the fields say who and what.",
        action: "None. To undo it: martlet settings history, then martlet settings rollback."
    )
    package static let adminOperation = EventDefinition(
        9160,
        "admin.operation.done",
        .successAudit,
        text: "An administrator changed something.",
        cause: "A verb of the command line or of the admin API was used; the fields say by whom.",
        action: "None."
    )
    package static let adminOperationFailed = EventDefinition(
        9161,
        "admin.operation.failed",
        .error,
        text: "An operation of the admin API failed.",
        cause: "A fault in the server or of the machine; see admin.error.",
        action: "Look at admin.error and at the events around this one; try the operation again."
    )
    package static let adminRefused = EventDefinition(
        9162,
        "admin.connection.refused",
        .failureAudit,
        text: "A user who may not administer this server tried to.",
        cause: "Only root, the user of the service and the owner of the data folder may use the admin socket.",
        action: "Use one of these users; if nobody of yours tried, find out who has this user id."
    )
    package static let adminRequestMalformed = EventDefinition(
        9163,
        "admin.request.malformed",
        .information,
        text: "A connection to the admin socket sent no valid HTTP request.",
        cause: "A program that is none of ours, or an HTTP client that uses what the admin API does not offer.",
        action: "See docs/admin-api.md for what is understood."
    )
}

package let adminAPIEvents: [EventDefinition] = [
    .traceStarted, .traceEnded,
    .settingsChanged, .adminOperation, .adminOperationFailed, .adminRefused, .adminRequestMalformed,
]
