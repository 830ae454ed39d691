// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Switches extensions on (RFC 9051 §6.3.1).
package struct EnableCommand: IMAPCommand {
    package static let name: StaticString = "ENABLE"
    package static let traits: CommandTraits = .loggedOn

    /// Upper case; at least one.
    ///
    /// Those that the server does not know are passed over.
    package var capabilities: [String]

    package init(_ capabilities: [String]) { self.capabilities = capabilities }

    // enable = "ENABLE" 1*(SP capability)    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        capabilities = []
        repeat {
            try scanner.space()
            capabilities.append(try scanner.word("a capability"))
        } while !scanner.isAtEnd
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        for capability in capabilities {
            encoder.space()
            encoder.raw(capability.utf8)
        }
    }
}
