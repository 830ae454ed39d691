// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Ends updates of searches, named by the tags of their commands (RFC 5267 §4.3.5).
package struct CancelUpdateCommand: IMAPCommand {
    package static let name: StaticString = "CANCELUPDATE"
    package static let traits: CommandTraits = .selected

    /// At least one.
    package var tags: [[UInt8]]

    package init(_ tags: [[UInt8]]) { self.tags = tags }

    // "CANCELUPDATE" 1*(SP quoted)    RFC 5267 §5
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        tags = []
        repeat {
            try scanner.space()
            guard scanner.peek() == ASCII.quote else { throw scanner.failure("a tag in quotation marks") }
            tags.append(try scanner.quoted())
        } while !scanner.isAtEnd
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        for tag in tags {
            encoder.space()
            encoder.string(tag)
        }
    }
}
