// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let milterFailed = EventDefinition(
        9800,
        "milter.failed",
        .error,
        text: "A filter could not be asked about a message.",
        cause: "It does not run, stalls, or said what the protocol does not have there.",
        action: "Look at the filter's own log. milter/<name>/when-unavailable says what becomes of mail meanwhile."
    )
    static let milterRefused = EventDefinition(
        9801,
        "milter.refused",
        .information,
        text: "A filter refused a message or a recipient, or put it off.",
        cause: "The filter's own rules; the reply is the filter's.",
        action: "None, unless it should have been accepted."
    )
    static let milterDiscarded = EventDefinition(
        9802,
        "milter.discarded",
        .warning,
        text: "A filter had a message dropped; its sender was told that it was accepted.",
        cause: "The filter's own rules.",
        action: "None, unless it should have been delivered: look at the filter's rules."
    )
    static let milterChanged = EventDefinition(
        9803,
        "milter.changed",
        .information,
        text: "A filter changed a message.",
        cause: "The filter's own rules.",
        action: "None."
    )
}

/// Every event of this module.
package let milterEvents: [EventDefinition] = [.milterFailed, .milterRefused, .milterDiscarded, .milterChanged]
