// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Down to which weight events are logged.
package enum EventLevel: String, Sendable, CaseIterable, Comparable {
    case error
    case warning
    case notice
    case information

    /// As in RFC 5424 §6.2.1: 3 is an error, 6 is information.
    package var severity: Int {
        switch self {
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .information: 6
        }
    }

    /// `a < b`: `a` matters more.
    package static func < (a: Self, b: Self) -> Bool { a.severity < b.severity }
}

extension EventType {
    /// The level that an event of this type has.
    ///
    /// A refused log-on is a notice: normal, but worth a look.
    package var level: EventLevel {
        switch self {
        case .error: .error
        case .warning: .warning
        case .failureAudit: .notice
        case .information, .successAudit: .information
        }
    }
}
