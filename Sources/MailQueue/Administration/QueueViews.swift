// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

/// A destination, as people look at it; times are milliseconds since 1970.
package struct DestinationView: Sendable, Hashable {
    package var name: String
    package var state: ClassicState
    /// Recipients that have not come to an end.
    package var recipients: Int
    package var active: Int
    /// Transactions that there may be at a time.
    package var window: Int
    package var failures: Int
    /// Why mail for it waits; empty when it does not.
    package var why: String
    package var nextEvent: Int64
}

/// One recipient of a queued message.
package struct RecipientView: Sendable, Hashable {
    package var command: RecipientCommand
    package var state: DeliveryState
    package var destination: String
    package var attempts: Int
    package var status: DeliveryStatus?
    package var nextEvent: Int64
}

/// A queued message; times are milliseconds since 1970.
package struct MessageView: Sendable, Hashable {
    package var id: QueueID
    package var state: ClassicState
    /// Not tried until it is thawed; what is being sent at the moment goes on.
    package var isFrozen: Bool
    package var sender: ReversePath
    package var origin: QueueOrigin
    package var priority: QueuePriority
    package var size: UInt64
    package var arrival: Int64
    package var expiry: Int64
    package var nextEvent: Int64
    package var trace: TraceID?
    package var messageID: String
    package var peer: String
    package var user: String?
    /// All that the message ever had.
    package var recipients: [RecipientView]
    /// The rule or filter that had it held when it came.
    package var holdReason: String?

    /// Why it is still here, in one line.
    package var why: String {
        if state == .frozen { return holdReason.map { "Held when it came: \($0)" } ?? "Frozen" }
        return recipients.filter { !$0.state.isFinal }.compactMap { $0.status?.reply.summary }.first ?? ""
    }
}

/// The queue as a whole.
package struct QueueFigures: Sendable, Hashable {
    package var messages: Int
    package var recipients: Int
    package var active: Int
    package var byState: [DeliveryState: Int]
    package var isSending: Bool
    package var isDiskLow: Bool
    /// Messages that the watchdog had to wake.
    package var woken: Int
}
