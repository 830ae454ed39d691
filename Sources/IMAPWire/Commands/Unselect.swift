// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Leaves the mailbox as it is (RFC 9051 §6.4.2).
package struct UnselectCommand: BareCommand {
    package static let name: StaticString = "UNSELECT"
    package static let traits: CommandTraits = [.selected, .leavesMailbox]

    package init() {}
}
