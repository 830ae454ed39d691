// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Where octets stop being what the grammar asks for.
package struct IMAPSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Offset in the frame, from 0.
    package var offset: Int
    /// What may stand there, as a noun phrase for the peer: `a mailbox name`.
    package var expected: String

    package init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }

    package var description: String { "expected \(expected) at octet \(offset)" }
}
