// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension EventDefinition {
    package static let eventsDropped = EventDefinition(
        9190,
        "events.dropped",
        .warning,
        text: "Events were lost because the event log could not be written.",
        cause: "The disk of the event log was full or did not answer; how many were lost is in events.count.",
        action: "Free space on the disk that holds the log folder, and look at that disk's health."
    )
}

extension EventDefinition {
    package static let trackingLost = EventDefinition(
        9191,
        "tracking.lost",
        .warning,
        text: "Steps in the lives of messages are missing from the tracking log.",
        cause: "The disk of the log folder was full or too slow; how many are missing is in tracking.count.",
        action: "Free space on the disk that holds the log folder; no mail is harmed."
    )
}

package let eventLogEvents: [EventDefinition] = [.eventsDropped, .trackingLost]
