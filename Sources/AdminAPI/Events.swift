// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Settings

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
    package static let settingRefused = EventDefinition(
        9151,
        "settings.refused",
        .warning,
        text: "A line of martlet.conf does not count.",
        cause:
            "The key is unknown, the value is outside what is allowed, or the line has no form; see settings.problem.",
        action: "Correct the line that the fields name. Until then the value from before, or the default, is in force."
    )
    package static let settingsUnreadable = EventDefinition(
        9152,
        "settings.unreadable",
        .error,
        text: "martlet.conf could not be read.",
        cause: "The file's permissions or its disk; see settings.problem.",
        action: "Make the file readable for the user of the service. Until then what was in force stays in force."
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
    .settingsChanged, .settingRefused, .settingsUnreadable, .adminOperation, .adminOperationFailed, .adminRefused,
    .adminRequestMalformed,
]

extension EventRecorder {
    /// Reports what is wrong in `martlet.conf`, one event each.
    package func record(_ problems: [SettingsProblem]) {
        for problem in problems {
            record(
                problem.kind == .unreadable ? .settingsUnreadable : .settingRefused,
                [
                    "settings.problem": .string(problem.description), "settings.kind": .string(problem.kind.rawValue),
                    "settings.line": .count(problem.line ?? 0),
                ]
            )
        }
    }
}
