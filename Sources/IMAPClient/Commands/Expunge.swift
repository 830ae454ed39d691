// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension IMAPClientSession {
    /// Removes messages that have \Deleted: all, or those of a set of UIDs (RFC 9051 §6.4.3, §6.4.9).
    package func expunge(
        _ uids: SequenceSet? = nil,
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) {
        try await perform(ExpungeCommand(uids: uids), each: each)
    }
}
