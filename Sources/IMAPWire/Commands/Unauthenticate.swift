// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Leaves the account, and keeps the connection for another log-on (RFC 8437 §3).
package struct UnauthenticateCommand: BareCommand {
    package static let name: StaticString = "UNAUTHENTICATE"
    package static let traits: CommandTraits = [.authenticated, .selected, .leavesMailbox]

    package init() {}
}
