// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Turns to TLS (RFC 9051 §6.2.1).
package struct StartTLSCommand: BareCommand {
    package static let name: StaticString = "STARTTLS"
    package static let traits: CommandTraits = .notAuthenticated

    package init() {}
}
