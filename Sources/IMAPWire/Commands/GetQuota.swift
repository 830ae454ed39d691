// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks for the usage and limits of a quota root (RFC 9208 §4.1.1).
package struct GetQuotaCommand: IMAPCommand {
    package static let name: StaticString = "GETQUOTA"
    package static let traits: CommandTraits = .loggedOn

    package var root: [UInt8]

    package init(root: [UInt8]) { self.root = root }

    // getquota = "GETQUOTA" SP quota-root-name    RFC 9208 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        root = try scanner.astring("a quota root")
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.astring(root)
    }
}
