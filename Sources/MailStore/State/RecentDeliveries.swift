// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// The outcomes of the last deliveries, so that a retry whose first try did arrive is told so.
///
/// Bounded: the oldest go.
package struct RecentDeliveries: Sendable, Hashable {
    /// Far more than an account has deliveries under way.
    package static let maximum = 1024

    package struct Outcome: Sendable, Hashable {
        package var delivery: DeliveryID
        package var mailbox: MailboxID
        package var uid: UID

        package init(delivery: DeliveryID, mailbox: MailboxID, uid: UID) {
            self.delivery = delivery
            self.mailbox = mailbox
            self.uid = uid
        }
    }

    private var outcomes: [DeliveryID: Outcome] = [:]
    /// Oldest first, from `first` on; forgotten ids may be among them.
    private var order: [DeliveryID] = []
    private var first = 0

    package init(_ oldestFirst: [Outcome] = []) {
        for outcome in oldestFirst { add(outcome) }
    }

    package subscript(_ delivery: DeliveryID) -> Outcome? { outcomes[delivery] }

    /// Oldest first.
    package var all: [Outcome] { order[first...].compactMap { outcomes[$0] } }

    mutating func add(_ outcome: Outcome) {
        guard outcomes.updateValue(outcome, forKey: outcome.delivery) == nil else { return }
        order.append(outcome.delivery)
        while order.count - first > Self.maximum {
            outcomes[order[first]] = nil
            first += 1
        }
        guard first > Self.maximum else { return }
        order.removeFirst(first)
        first = 0
    }

    mutating func forget(_ delivery: DeliveryID) {
        guard outcomes.removeValue(forKey: delivery) != nil else { return }
        order = order[first...].filter { $0 != delivery }
        first = 0
    }

    package static func == (a: Self, b: Self) -> Bool { a.all == b.all }
    package func hash(into hasher: inout Hasher) { hasher.combine(all) }
}
