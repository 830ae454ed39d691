// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Lists mailboxes (RFC 9051 §6.3.9), with the options of RFC 5258, RFC 5819, RFC 6154, RFC 8440
/// and RFC 9590.
package struct ListCommand: IMAPCommand {
    package static let name: StaticString = "LIST"
    package static let traits: CommandTraits = .loggedOn

    /// Which mailboxes are listed.
    package struct Selection: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let subscribed = Selection(rawValue: 1)
        package static let remote = Selection(rawValue: 2)
        package static let recursiveMatch = Selection(rawValue: 4)
        package static let specialUse = Selection(rawValue: 8)

        fileprivate static let words: [(StaticString, Selection)] = [
            ("SUBSCRIBED", .subscribed), ("REMOTE", .remote), ("RECURSIVEMATCH", .recursiveMatch),
            ("SPECIAL-USE", .specialUse),
        ]
    }

    /// What is told of each.
    package struct Return: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        package static let subscribed = Return(rawValue: 1)
        package static let children = Return(rawValue: 2)
        package static let specialUse = Return(rawValue: 4)
        /// MYRIGHTS responses (RFC 8440 §3).
        package static let myRights = Return(rawValue: 8)

        fileprivate static let words: [(StaticString, Return)] = [
            ("SUBSCRIBED", .subscribed), ("CHILDREN", .children), ("SPECIAL-USE", .specialUse),
            ("MYRIGHTS", .myRights),
        ]
    }

    package var selection: Selection = []
    package var reference: String
    package var patterns: [String]
    package var returned: Return = []
    /// Empty when no STATUS responses are asked for.
    package var statusItems: [StatusItem] = []
    /// Annotations, by the names of their entries; empty when no METADATA responses are asked for (RFC 9590 §3).
    package var annotations: [String] = []
    /// Whether the command has the form of RFC 5258, which lists nothing more than what matches.
    package var isExtended = false

    package static let maximumPatterns = 64

    package init(reference: String, pattern: String) {
        self.reference = reference
        patterns = [pattern]
    }

    // list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        var selection: Selection = []
        var isExtended = false
        if scanner.peek() == 0x28 {
            selection = try scanner.listSelection()
            isExtended = true
            try scanner.space()
        }
        self.init(reference: try scanner.mailbox(), pattern: "")
        (self.selection, self.isExtended) = (selection, isExtended)
        try scanner.space()
        if scanner.peek() == 0x28 {
            self.isExtended = true
            let start = scanner.offset
            patterns = try scanner.list { (scanner) throws(IMAPSyntaxError) in try scanner.listMailbox() }
            guard patterns.count <= Self.maximumPatterns else {
                throw scanner.failure("at most \(Self.maximumPatterns) patterns", at: start)
            }
        } else {
            patterns = [try scanner.listMailbox()]
        }
        guard scanner.accept(ASCII.space) else { return }
        try scanner.listReturn(into: &self)
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        if isExtended {
            encoder.list(Selection.words.filter { selection.contains($0.1) }) { encoder, word in encoder.raw(word.0) }
            encoder.space()
        }
        encoder.mailbox(reference)
        encoder.space()
        if patterns.count == 1 {
            encoder.listMailbox(patterns[0])
        } else {
            encoder.list(patterns) { encoder, pattern in encoder.listMailbox(pattern) }
        }
        guard !returned.isEmpty || !statusItems.isEmpty || !annotations.isEmpty else { return }
        encodeReturn(to: &encoder)
    }

    private func encodeReturn(to encoder: inout WireEncoder) {
        encoder.raw(" RETURN (")
        var needsSpace = false
        for (word, option) in Return.words where returned.contains(option) {
            if needsSpace { encoder.space() }
            encoder.raw(word)
            needsSpace = true
        }
        if !statusItems.isEmpty {
            encoder.raw(needsSpace ? " STATUS " : "STATUS ")
            encoder.list(statusItems) { encoder, item in encoder.raw(item.rawValue.utf8) }
            needsSpace = true
        }
        if !annotations.isEmpty {
            encoder.raw(needsSpace ? " METADATA " : "METADATA ")
            encoder.list(annotations) { encoder, name in encoder.astring(name.utf8) }
        }
        encoder.raw(")")
    }
}

extension WireScanner {
    // list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")"    RFC 5258 §6
    fileprivate mutating func listSelection() throws(IMAPSyntaxError) -> ListCommand.Selection {
        let start = offset
        var selection: ListCommand.Selection = []
        _ = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            guard let found = ListCommand.Selection.words.first(where: { scanner.acceptWord($0.0) }) else {
                throw scanner.failure("SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE")
            }
            selection.insert(found.1)
        }
        guard selection != .recursiveMatch, selection != [.recursiveMatch, .remote] else {
            throw failure("another selection option beside RECURSIVEMATCH", at: start)
        }
        return selection
    }

    // list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"    RFC 9051 §9
    // return-option =/ "MYRIGHTS"    RFC 8440 §5
    // return-option =/ "METADATA" SP "(" entry *(SP entry) ")"    RFC 9590 §5
    fileprivate mutating func listReturn(into command: inout ListCommand) throws(IMAPSyntaxError) {
        guard acceptWord("RETURN") else { throw failure("RETURN") }
        try space()
        var returned: ListCommand.Return = []
        var statusItems: [StatusItem] = []
        var annotations: [String] = []
        _ = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            if let found = ListCommand.Return.words.first(where: { scanner.acceptWord($0.0) }) {
                returned.insert(found.1)
                return
            }
            if scanner.acceptWord("METADATA") {
                try scanner.space()
                annotations = try scanner.entryNames()
                return
            }
            guard scanner.acceptWord("STATUS") else {
                throw scanner.failure("SUBSCRIBED, CHILDREN, SPECIAL-USE, MYRIGHTS, STATUS or METADATA")
            }
            try scanner.space()
            statusItems = try scanner.statusItems()
        }
        command.returned = returned
        command.statusItems = statusItems
        command.annotations = annotations
        command.isExtended = true
    }
}
