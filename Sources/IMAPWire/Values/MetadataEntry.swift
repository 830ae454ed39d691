// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// An annotation of a mailbox or of the server (RFC 5464 §3.2).
package struct MetadataEntry: Hashable, Sendable {
    /// Lower case, such as `/private/comment`.
    package var name: String
    /// `nil` where NIL stands.
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    /// Most entries of one command.
    package static let maximumCount = 1000
}

/// What METADATA says in brackets (RFC 5464 §5).
package enum MetadataCode: Hashable, Sendable {
    /// Octets of the largest value that was left out since it is larger than asked for.
    case longEntries(UInt64)
    /// Octets that a value may have.
    case maximumSize(UInt64)
    case tooMany
    case noPrivate
}

extension WireScanner {
    // entry = astring    RFC 5464 §5
    /// In lower case, since names are alike in any case (RFC 5464 §3.2).
    ///
    /// - Parameter orAbove: also what only lies above entries, such as `/shared` or `/private/vendor/acme`.
    package mutating func entryName(orAbove: Bool = false) throws(IMAPSyntaxError) -> String {
        let start = offset
        let name = try astring("the name of an entry")
        guard Self.isEntryName(name, orAbove: orAbove) else {
            throw failure("a name such as /private/comment or /shared/comment", at: start)
        }
        return String(decoding: name.map(ASCII.lower), as: UTF8.self)
    }

    // entries = entry / "(" entry *(SP entry) ")"    RFC 5464 §5
    mutating func entryNames(orAbove: Bool = false) throws(IMAPSyntaxError) -> [String] {
        guard peek() == 0x28 else { return [try entryName(orAbove: orAbove)] }
        let start = offset
        let names = try list { (scanner) throws(IMAPSyntaxError) in try scanner.entryName(orAbove: orAbove) }
        guard names.count <= MetadataEntry.maximumCount else {
            throw failure("at most \(MetadataEntry.maximumCount) entries", at: start)
        }
        return names
    }

    /// RFC 5464 §3.2: two parts at least, four in the vendors' space, none of them empty.
    private static func isEntryName(_ name: [UInt8], orAbove: Bool) -> Bool {
        let isAllowed = name.allSatisfy { $0 > 0x19 && $0 < 0x7F && $0 != 0x2A && $0 != 0x25 }
        let parts = name.split(separator: 0x2F, omittingEmptySubsequences: false)
        guard isAllowed, name.count <= 1000, parts.count >= 2, parts[0].isEmpty else { return false }
        let scope = ["private", "shared"].contains { ASCII.equalIgnoringCase($0.utf8, parts[1]) }
        guard scope, parts.dropFirst().allSatisfy({ !$0.isEmpty }) else { return false }
        if orAbove { return true }
        guard parts.count >= 3 else { return false }
        return parts.count >= 5 || !ASCII.equalIgnoringCase("vendor".utf8, parts[2])
    }

    // value = nstring / literal8    RFC 5464 §5
    mutating func entryValue() throws(IMAPSyntaxError) -> [UInt8]? {
        guard accept(0x7E) else { return try nstring("a value or NIL") }
        return try literal()
    }

    // entry-values = "(" entry-value *(SP entry-value) ")"    RFC 5464 §5
    mutating func entryValues() throws(IMAPSyntaxError) -> [MetadataEntry] {
        let start = offset
        let entries = try list { (scanner) throws(IMAPSyntaxError) in
            let name = try scanner.entryName()
            try scanner.space()
            return MetadataEntry(name, try scanner.entryValue())
        }
        guard entries.count <= MetadataEntry.maximumCount else {
            throw failure("at most \(MetadataEntry.maximumCount) entries", at: start)
        }
        return entries
    }

    // resp-text-code =/ "METADATA" SP "LONGENTRIES" SP number / "METADATA" SP ("MAXSIZE" SP number / "TOOMANY" /
    //                   "NOPRIVATE")    RFC 5464 §5
    /// Behind the first word.
    mutating func metadataCode() throws(IMAPSyntaxError) -> MetadataCode {
        if acceptWord("TOOMANY") { return .tooMany }
        if acceptWord("NOPRIVATE") { return .noPrivate }
        let isMaximum = acceptWord("MAXSIZE")
        guard isMaximum || acceptWord("LONGENTRIES") else {
            throw failure("LONGENTRIES, MAXSIZE, TOOMANY or NOPRIVATE")
        }
        try space()
        let octets = UInt64(try number())
        return isMaximum ? .maximumSize(octets) : .longEntries(octets)
    }
}

extension WireEncoder {
    mutating func entryValues(_ entries: [MetadataEntry]) {
        list(entries) { encoder, entry in
            encoder.astring(entry.name.utf8)
            encoder.space()
            guard let value = entry.value else { return encoder.raw("NIL") }
            value.contains(0) ? encoder.binaryLiteral(value) : encoder.string(value)
        }
    }

    mutating func metadataCode(_ code: MetadataCode) {
        raw("METADATA ")
        switch code {
        case .longEntries(let octets):
            raw("LONGENTRIES ")
            number(octets)
        case .maximumSize(let octets):
            raw("MAXSIZE ")
            number(octets)
        case .tooMany: raw("TOOMANY")
        case .noPrivate: raw("NOPRIVATE")
        }
    }
}
