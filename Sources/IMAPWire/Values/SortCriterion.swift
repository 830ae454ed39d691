// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// By what messages are put in order (RFC 5256 §3).
package struct SortCriterion: Hashable, Sendable {
    package enum Key: String, Hashable, Sendable, CaseIterable {
        case arrival = "ARRIVAL"
        case cc = "CC"
        case date = "DATE"
        /// RFC 5957 §3.
        case displayFrom = "DISPLAYFROM"
        case displayTo = "DISPLAYTO"
        case from = "FROM"
        case size = "SIZE"
        case subject = "SUBJECT"
        case to = "TO"
    }

    package var key: Key
    package var isReverse: Bool

    package init(_ key: Key, isReverse: Bool = false) {
        self.key = key
        self.isReverse = isReverse
    }

    /// Most criteria of one command.
    package static let maximumCount = 32
}

extension WireScanner {
    // sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"; sort-criterion = ["REVERSE" SP] sort-key
    // RFC 5256 §5
    package mutating func sortCriteria() throws(IMAPSyntaxError) -> [SortCriterion] {
        let start = offset
        let criteria = try list { (scanner) throws(IMAPSyntaxError) in
            let isReverse = scanner.acceptWord("REVERSE")
            if isReverse { try scanner.space() }
            let place = scanner.offset
            guard let key = SortCriterion.Key(rawValue: try scanner.word("a sort key such as DATE or SUBJECT")) else {
                throw scanner.failure("a sort key such as DATE or SUBJECT", at: place)
            }
            return SortCriterion(key, isReverse: isReverse)
        }
        guard criteria.count <= SortCriterion.maximumCount else {
            throw failure("at most \(SortCriterion.maximumCount) sort criteria", at: start)
        }
        return criteria
    }
}

extension WireEncoder {
    package mutating func sortCriteria(_ criteria: [SortCriterion]) {
        list(criteria) { encoder, criterion in
            if criterion.isReverse { encoder.raw("REVERSE ") }
            encoder.raw(criterion.key.rawValue.utf8)
        }
    }
}
