// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Waits for news until the client sends DONE (RFC 9051 §6.3.13).
package struct IdleCommand: BareCommand {
    package static let name: StaticString = "IDLE"
    package static let traits: CommandTraits = .loggedOn

    package init() {}
}
