// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

extension WireScanner {
    // flag = "\Answered" / ... / flag-keyword / flag-extension    RFC 9051 §9
    // \Recent may not be stored; clients that copy what they fetched send it, and it is passed over.
    private mutating func flag(into flags: inout FlagSet) throws(IMAPSyntaxError) {
        let start = offset
        guard accept(ASCII.backslash) else {
            let text = String(decoding: try atom("a flag such as \\Seen, or a keyword"), as: UTF8.self)
            guard let keyword = Keyword(text) else {
                throw failure("a keyword of at most \(Keyword.maximumOctets) octets", at: start)
            }
            flags.keywords.insert(keyword)
            return
        }
        let name = [ASCII.backslash] + (try atom("a flag such as \\Seen"))
        if ASCII.equalIgnoringCase(name, "\\Recent".utf8) { return }
        guard let known = SystemFlags.names.first(where: { ASCII.equalIgnoringCase($0.name.utf8, name) }) else {
            throw failure("a flag that exists: \\Answered, \\Flagged, \\Deleted, \\Seen, \\Draft", at: start)
        }
        flags.system.insert(known.flag)
    }

    /// Most keywords in one command.
    private static var maximumKeywords: Int { 128 }

    // flag-list = "(" [flag *(SP flag)] ")"    RFC 9051 §9
    package mutating func flagList() throws(IMAPSyntaxError) -> FlagSet {
        try open()
        var flags = FlagSet.none
        if accept(0x29) { return flags }
        try moreFlags(into: &flags)
        try close()
        return flags
    }

    /// A list in parentheses or, as STORE allows, flags with spaces between.
    package mutating func storeFlags() throws(IMAPSyntaxError) -> FlagSet {
        if peek() == 0x28 { return try flagList() }
        var flags = FlagSet.none
        try moreFlags(into: &flags)
        return flags
    }

    private mutating func moreFlags(into flags: inout FlagSet) throws(IMAPSyntaxError) {
        repeat {
            try flag(into: &flags)
            guard flags.keywords.count <= Self.maximumKeywords else {
                throw failure("at most \(Self.maximumKeywords) keywords")
            }
        } while accept(ASCII.space)
    }
}

extension FlagSet {
    /// Names as on the wire: system flags in their usual order, then keywords by name.
    package var names: [String] {
        SystemFlags.names.filter { system.contains($0.flag) }.map(\.name) + keywords.map(\.text).sorted()
    }
}

extension WireEncoder {
    package mutating func flagList(_ flags: FlagSet) {
        list(flags.names) { encoder, name in encoder.raw(name.utf8) }
    }
}
