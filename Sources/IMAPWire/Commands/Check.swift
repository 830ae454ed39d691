// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks for a checkpoint of the mailbox (RFC 3501 §6.4.1).
package struct CheckCommand: BareCommand {
    package static let name: StaticString = "CHECK"
    package static let traits: CommandTraits = .selected

    package init() {}
}
