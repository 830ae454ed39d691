// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension IMAPClientSession {
    /// Changes flags (RFC 9051 §6.4.6).
    ///
    /// - Returns: the answer, whose code has the messages that a conditional STORE left alone (RFC 7162 §3.1.3).
    @discardableResult
    package func store(
        _ command: StoreCommand,
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) -> StatusResponse {
        try await perform(command, each: each)
    }
}
