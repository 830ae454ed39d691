// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Does nothing, and lets the server report what is new (RFC 9051 §6.1.2).
package struct NoopCommand: BareCommand {
    package static let name: StaticString = "NOOP"
    package static let traits: CommandTraits = .always

    package init() {}
}
