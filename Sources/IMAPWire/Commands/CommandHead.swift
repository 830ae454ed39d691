// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What every command begins with: `tag SP [UID SP] name`.
package struct CommandHead: Hashable, Sendable {
    package var tag: [UInt8]
    /// Upper case.
    package var name: String
    package var isUID: Bool

    package static let maximumTagOctets = 64

    // tag = 1*<any ASTRING-CHAR except "+">    RFC 9051 §9
    package static func tag(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) -> [UInt8] {
        let start = scanner.offset
        let tag = scanner.run(of: .tag)
        guard !tag.isEmpty else { throw scanner.failure("a tag") }
        guard tag.count <= maximumTagOctets else {
            throw scanner.failure("a tag of at most \(maximumTagOctets) octets", at: start)
        }
        return Array(tag)
    }

    /// Reads the space behind the tag and the name.
    package init(tag: [UInt8], parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        self.tag = tag
        try scanner.space()
        name = try scanner.word("a command")
        isUID = name == "UID"
        guard isUID else { return }
        try scanner.space()
        name = try scanner.word(Self.afterUID)
    }

    fileprivate static let afterUID = "COPY, EXPUNGE, FETCH, MOVE, REPLACE, SEARCH, SORT, STORE or THREAD after UID"
}

extension IMAPCommand {
    /// Reads one whole command of this type, whose head has been read.
    package static func parse(_ scanner: inout WireScanner, isUID: Bool) throws(IMAPSyntaxError) -> Self {
        let command: Self
        if let numbered = Self.self as? any NumberedCommand.Type {
            command = try numbered.parse(&scanner, isUID ? .uid : .sequence, as: Self.self)
        } else {
            guard !isUID else { throw scanner.failure(CommandHead.afterUID) }
            command = try Self(parsing: &scanner)
        }
        try scanner.end("the end of the \(Self.name) command")
        return command
    }
}

extension NumberedCommand {
    fileprivate static func parse<Command>(
        _ scanner: inout WireScanner,
        _ numbers: MessageNumbers,
        as type: Command.Type
    ) throws(IMAPSyntaxError) -> Command {
        let command = try Self(parsing: &scanner, numbers: numbers)
        guard let command = command as? Command else { throw scanner.failure("a command") }
        return command
    }
}
