// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How much an event matters, in the words of the classic event log.
package enum EventType: String, Sendable, Hashable, CaseIterable {
    case error
    case warning
    case information
    case successAudit = "success-audit"
    case failureAudit = "failure-audit"
}

/// One entry of the event catalogue: what it means never changes and its number is never used for another
/// (docs/events.md is made from these).
package struct EventDefinition: Sendable, Hashable {
    /// Stable number, 1 to 65,535.
    ///
    /// Numbers below 9000 are those that administrators know from the classic systems.
    package let number: UInt16
    /// Stable dotted name, such as `smtp.recipient.refused`; its first part is the source.
    package let name: String
    package let type: EventType
    /// One constant sentence; what varies is in the fields.
    package let text: String
    /// Why it happens, in one sentence.
    package let cause: String
    /// What to do, in one sentence.
    package let action: String

    package init(
        _ number: UInt16,
        _ name: String,
        _ type: EventType,
        text: String,
        cause: String,
        action: String
    ) {
        self.number = number
        self.name = name
        self.type = type
        self.text = text
        self.cause = cause
        self.action = action
    }

    /// The part of the name before the first dot.
    package var source: String { String(name.prefix { $0 != "." }) }
}

/// A field of an event.
package enum EventValue: Sendable, Hashable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case list([String])

    package static func count(_ value: some BinaryInteger) -> EventValue {
        .integer(Int64(clamping: value))
    }
}

extension EventValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}

/// One thing that happened.
package struct Event: Sendable {
    package let definition: EventDefinition
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package let time: Int64
    /// Dotted lower-case keys, such as `smtp.recipient`, in the order in which they are shown.
    package let fields: [(key: String, value: EventValue)]
    /// The trace id of the session or message, if one is at hand.
    package let trace: String?

    package init(
        definition: EventDefinition,
        time: Int64,
        fields: [(key: String, value: EventValue)],
        trace: String?
    ) {
        self.definition = definition
        self.time = time
        self.fields = fields
        self.trace = trace
    }
}

/// Where events go.
///
/// Implementations do not block on anything slower than one write to a local file, and may be called from any thread.
package protocol EventSink: Sendable {
    func record(_ event: Event)
}
