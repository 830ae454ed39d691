// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Finds messages and joins them to conversations (RFC 5256 §3).
package struct ThreadCommand: NumberedCommand {
    package static let name: StaticString = "THREAD"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .usesSequenceNumbers]

    package enum Algorithm: String, Hashable, Sendable, CaseIterable {
        case orderedSubject = "ORDEREDSUBJECT"
        case references = "REFERENCES"
    }

    package var numbers: MessageNumbers
    package var algorithm: Algorithm
    package var charset: [UInt8]
    package var key: SearchKey

    package init(
        _ algorithm: Algorithm,
        _ key: SearchKey,
        numbers: MessageNumbers = .sequence,
        charset: [UInt8]
    ) {
        self.numbers = numbers
        self.algorithm = algorithm
        self.charset = charset
        self.key = key
    }

    // thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria    RFC 5256 §5
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        let start = scanner.offset
        guard let algorithm = Algorithm(rawValue: try scanner.word("ORDEREDSUBJECT or REFERENCES")) else {
            throw scanner.failure("ORDEREDSUBJECT or REFERENCES", at: start)
        }
        self.algorithm = algorithm
        try scanner.space()
        charset = try scanner.astring("the name of a charset")
        try scanner.space()
        key = try scanner.searchKeys()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.raw(algorithm.rawValue.utf8)
        encoder.space()
        encoder.astring(charset)
        encoder.space()
        encoder.searchKey(key)
    }
}
