// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks where mailboxes of which kind begin (RFC 9051 §6.3.10).
package struct NamespaceCommand: BareCommand {
    package static let name: StaticString = "NAMESPACE"
    package static let traits: CommandTraits = .loggedOn

    package init() {}
}
