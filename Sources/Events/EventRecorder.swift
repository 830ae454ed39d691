// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// What modules are handed to report with: a sink, and fields that every event of this part carries.
package struct EventRecorder: Sendable {
    private let sink: any EventSink
    private let context: [(key: String, value: EventValue)]
    /// Where the steps in the lives of messages go; `nil` where none are kept.
    package let tracking: (any TrackingSink)?

    package init(
        sink: any EventSink,
        context: [(key: String, value: EventValue)] = [],
        tracking: (any TrackingSink)? = nil
    ) {
        self.sink = sink
        self.context = context
        self.tracking = tracking
    }

    /// A recorder that keeps nothing, for tests and tools that have no log.
    package static let none = EventRecorder(sink: NoEventSink())

    /// The same recorder with more fields on every event.
    package func adding(_ fields: KeyValuePairs<String, EventValue>) -> EventRecorder {
        EventRecorder(sink: sink, context: context + fields.map { ($0.key, $0.value) }, tracking: tracking)
    }

    /// Keeps a step in the life of a message for `martlet track`.
    ///
    /// Costs nothing where none are kept, and never blocks or fails. May be called from any thread.
    package func track(_ entry: @autoclosure () -> TrackingEntry) {
        guard let tracking, tracking.isOn else { return }
        tracking.track(entry())
    }

    /// Reports one event, now.
    ///
    /// May be called from any thread.
    package func record(
        _ definition: EventDefinition,
        _ fields: KeyValuePairs<String, EventValue> = [:],
        trace: String? = nil
    ) {
        sink.record(
            Event(
                definition: definition,
                time: CLinux_realtime(),
                fields: context + fields.map { ($0.key, $0.value) },
                trace: trace
            )
        )
    }
}

private struct NoEventSink: EventSink {
    func record(_ event: Event) {}
}
