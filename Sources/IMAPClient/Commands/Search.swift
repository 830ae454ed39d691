// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire

extension IMAPClientSession {
    /// Finds messages (RFC 9051 §6.4.4): their numbers, ascending or not as the server sent them.
    ///
    /// - Throws: `.unexpected` when no result came.
    package func search(
        _ key: SearchKey,
        numbers: MessageNumbers = .sequence,
        charset: String? = nil
    ) async throws(IMAPClientError) -> [UInt32] {
        var found: [UInt32]?
        let command = SearchCommand(key, numbers: numbers, charset: charset.map { Array($0.utf8) })
        try await perform(command) { response in
            switch response {
            case .search(let numbers, _): found = (found ?? []) + numbers
            case .esearch(let result): found = (found ?? []) + result.allNumbers
            default: break
            }
        }
        guard let found else { throw fail(.unexpected("OK to SEARCH without a result")) }
        return found
    }
}

extension ESearchResponse {
    fileprivate var allNumbers: [UInt32] {
        items.flatMap { item in
            guard case .all(let numbers) = item else { return [UInt32]() }
            return numbers.ranges.flatMap(Array.init)
        }
    }
}
