// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Ends the session (RFC 9051 §6.1.3).
package struct LogoutCommand: BareCommand {
    package static let name: StaticString = "LOGOUT"
    package static let traits: CommandTraits = .always

    package init() {}
}
