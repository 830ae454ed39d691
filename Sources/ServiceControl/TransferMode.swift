// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Settings

/// What the transport does with mail, as an administrator may set it for maintenance.
package enum TransferMode: String, Sendable, Hashable, CaseIterable, SettingValue {
    case both
    /// Mail is taken in; what is queued stays.
    case inbound
    /// Nothing is taken in; what is queued goes on its way.
    case outbound
    /// As `outbound`: empties the queue before maintenance.
    case flush

    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }

    package var takesMail: Bool { self == .both || self == .inbound }
}
