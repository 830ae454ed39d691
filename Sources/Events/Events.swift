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

package let eventLogEvents: [EventDefinition] = [.eventsDropped]
