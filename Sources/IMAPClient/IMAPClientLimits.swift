// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a session takes, and how long it waits.
package struct IMAPClientLimits: Sendable, Hashable {
    /// Longest response, without bodies that are streamed: 32 MiB unless set.
    ///
    /// The untagged SEARCH of 4,000,000 messages fits.
    package var frameOctets: Int
    /// Longest wait for the next octet of an answer, and for the server to take output: 5 minutes unless set.
    package var wait: Duration
    /// Octets of a message that are read and sent at a time.
    package static let pieceOctets = 64 * 1024

    package init(frameOctets: Int = 32 << 20, wait: Duration = .seconds(300)) {
        self.frameOctets = frameOctets
        self.wait = wait
    }
}
