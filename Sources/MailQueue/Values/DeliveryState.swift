// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Where the delivery to one recipient stands.
///
/// A state is written before what it says is done.
package enum DeliveryState: UInt8, Sendable, Hashable, CaseIterable {
    /// May be sent now.
    case pending = 0
    /// Is being sent; nothing has been promised by anyone.
    case sending = 1
    /// The end of the message goes out or went out, and no answer has come: the other side may have it.
    case dotSent = 2
    /// Will be tried again at a known time.
    case deferred = 3
    /// Set aside for people to look at.
    case quarantined = 4
    /// Taken by the next system.
    case delivered = 16
    /// Given up; the sender knows, or did not want to.
    case bounced = 17
    /// Taken out by an administrator, without a report.
    case removed = 18

    /// Nothing more will be done.
    package var isFinal: Bool { rawValue >= 16 }
    /// A transaction is under way.
    package var isActive: Bool { self == .sending || self == .dotSent }

    /// As lists and JSON name it.
    package var name: String {
        switch self {
        case .dotSent: "dot-sent"
        default: "\(self)"
        }
    }
}
