// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Expunges without saying so, and leaves the mailbox (RFC 9051 §6.4.1).
package struct CloseCommand: BareCommand {
    package static let name: StaticString = "CLOSE"
    package static let traits: CommandTraits = [.selected, .leavesMailbox]

    package init() {}
}
