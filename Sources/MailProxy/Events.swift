// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let backEndUnavailable = EventDefinition(
        9530,
        "frontend.backend.unavailable",
        .error,
        text: "The back-end of an account could not be reached in time.",
        cause: "The worker is down or was restarting for longer than frontend/back-end-deadline.",
        action: "See service list and the events of the back-end; the client was told and may try again."
    )
    package static let backEndRefused = EventDefinition(
        9531,
        "frontend.backend.refused",
        .warning,
        text: "A back-end refused a session.",
        cause: "The account was busy, its store failed, or the assertion was not accepted.",
        action: "When the reason is the assertion, compare clocks and the assertion key files of both ends."
    )
    package static let backEndLost = EventDefinition(
        9532,
        "frontend.backend.lost",
        .warning,
        text: "A session lost its back-end.",
        cause: "The back-end worker died or was restarted.",
        action: "None when it was planned; otherwise see event 4097 of the same time."
    )
    package static let backEndReopened = EventDefinition(
        9533,
        "frontend.backend.reopened",
        .information,
        text: "A session that had lost its back-end goes on with a new one.",
        cause: "The back-end is there again.",
        action: "None."
    )
    package static let assertionRefused = EventDefinition(
        9534,
        "backend.assertion.refused",
        .failureAudit,
        text: "A connection to a back-end did not bring a valid assertion.",
        cause: "It is not from a front-end, the keys differ, or the clocks differ by more than the tolerance.",
        action: "Compare clocks and assertion key files; if it goes on, see who connects."
    )
}

package let mailProxyEvents: [EventDefinition] = [
    .backEndUnavailable, .backEndRefused, .backEndLost, .backEndReopened, .assertionRefused,
]
