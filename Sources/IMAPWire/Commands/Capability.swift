// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks what the server can do here and now (RFC 9051 §6.1.1).
package struct CapabilityCommand: BareCommand {
    package static let name: StaticString = "CAPABILITY"
    package static let traits: CommandTraits = .always

    package init() {}
}
