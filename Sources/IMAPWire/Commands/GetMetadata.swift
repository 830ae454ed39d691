// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads annotations of a mailbox, or of the server (RFC 5464 §4.2).
package struct GetMetadataCommand: IMAPCommand {
    package static let name: StaticString = "GETMETADATA"
    package static let traits: CommandTraits = .loggedOn

    package enum Depth: String, Hashable, Sendable, CaseIterable {
        /// The entries themselves.
        case none = "0"
        /// And what is right below them.
        case one = "1"
        /// And all that is below them.
        case all = "INFINITY"
    }

    /// Empty for the server.
    package var mailbox: String
    /// Lower case; at least one.
    ///
    /// With a depth, also what only lies above entries, such as `/shared`.
    package var entries: [String]
    /// Octets of the largest value that is wanted.
    package var maximumSize: UInt32?
    package var depth = Depth.none

    package init(mailbox: String, entries: [String], maximumSize: UInt32? = nil, depth: Depth = .none) {
        self.mailbox = mailbox
        self.entries = entries
        self.maximumSize = maximumSize
        self.depth = depth
    }

    // getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries    RFC 5464 §5
    /// The examples of RFC 5464 §4.2 have the options behind the mailbox, and clients do as they do.
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        self.init(mailbox: "", entries: [])
        try scanner.space()
        let isFirst = scanner.peek() == 0x28
        if isFirst { try options(parsing: &scanner) }
        mailbox = try scanner.mailbox()
        try scanner.space()
        if !isFirst, scanner.peek() == 0x28, scanner.peek(1).map(ASCII.isAlphanumeric) == true {
            try options(parsing: &scanner)
        }
        // With a depth, what lies below a name is asked for, and the name itself may be no entry's (RFC 5464 §4.2.2).
        entries = try scanner.entryNames(orAbove: depth != .none)
    }

    // getmetadata-options = "(" getmetadata-option *(SP getmetadata-option) ")"
    // maxsize-opt = "MAXSIZE" SP number; scope-opt = "DEPTH" SP ("0" / "1" / "infinity")    RFC 5464 §5
    /// With the space behind them.
    private mutating func options(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.open()
        repeat {
            if scanner.acceptWord("MAXSIZE") {
                try scanner.space()
                maximumSize = try scanner.number()
            } else {
                guard scanner.acceptWord("DEPTH") else { throw scanner.failure("MAXSIZE or DEPTH") }
                try scanner.space()
                let start = scanner.offset
                guard let depth = Depth(rawValue: try scanner.word("0, 1 or infinity")) else {
                    throw scanner.failure("0, 1 or infinity", at: start)
                }
                self.depth = depth
            }
        } while scanner.accept(ASCII.space)
        try scanner.close()
        try scanner.space()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        if maximumSize != nil || depth != .none {
            encoder.raw("(")
            if let maximumSize {
                encoder.raw("MAXSIZE ")
                encoder.number(maximumSize)
            }
            if depth != .none {
                encoder.raw(maximumSize == nil ? "DEPTH " : " DEPTH ")
                encoder.raw(depth.rawValue.utf8)
            }
            encoder.raw(") ")
        }
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.list(entries) { encoder, entry in encoder.astring(entry.utf8) }
    }
}
