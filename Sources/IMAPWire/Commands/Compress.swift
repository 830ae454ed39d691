// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Compresses what follows in both directions (RFC 4978 §3).
package struct CompressCommand: IMAPCommand {
    package static let name: StaticString = "COMPRESS"
    package static let traits: CommandTraits = .loggedOn

    /// Upper case.
    package var algorithm: String

    package init(_ algorithm: String) { self.algorithm = algorithm }

    // compress = "COMPRESS" SP algorithm; algorithm = "DEFLATE"    RFC 4978 §4
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        algorithm = try scanner.word("DEFLATE")
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.raw(algorithm.utf8)
    }
}
