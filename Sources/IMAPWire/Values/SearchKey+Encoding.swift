// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireEncoder {
    package mutating func searchKey(_ key: SearchKey) {
        switch key {
        case .all: raw("ALL")
        case .and(let keys): list(keys) { encoder, key in encoder.searchKey(key) }
        case .body(let value): argument("BODY ", value)
        case .date(let field, let comparison, let date):
            raw(Self.dateWord(field, comparison))
            space()
            self.date(date)
        case .emailID(let id):
            raw("EMAILID ")
            raw(id.utf8)
        case .threadID(let id):
            raw("THREADID ")
            raw(id.utf8)
        case .flag(let flag, let isSet): raw(Self.flagWord(flag, isSet).utf8)
        case .header(let name, let value):
            argument("HEADER ", name)
            argument(" ", value)
        case .keyword(let keyword, let isSet):
            raw(isSet ? "KEYWORD " : "UNKEYWORD ")
            raw(keyword.text.utf8)
        case .larger(let octets): numbered("LARGER ", octets)
        case .modSeq(let modSeq): numbered("MODSEQ ", modSeq.rawValue)
        case .not(let key):
            raw("NOT ")
            searchKey(key)
        case .older(let seconds): numbered("OLDER ", UInt64(seconds))
        case .or(let first, let second):
            raw("OR ")
            searchKey(first)
            space()
            searchKey(second)
        case .recent: raw("RECENT")
        case .saveDateSupported: raw("SAVEDATESUPPORTED")
        case .sequence(let set): sequenceSet(set)
        case .smaller(let octets): numbered("SMALLER ", octets)
        case .text(let value): argument("TEXT ", value)
        case .uid(let set):
            raw("UID ")
            sequenceSet(set)
        case .uidAfter(let uid): numbered("UIDAFTER ", UInt64(uid.rawValue))
        case .uidBefore(let uid): numbered("UIDBEFORE ", UInt64(uid.rawValue))
        case .younger(let seconds): numbered("YOUNGER ", UInt64(seconds))
        }
    }

    private mutating func argument(_ keyword: StaticString, _ value: [UInt8]) {
        raw(keyword)
        astring(value)
    }

    private mutating func numbered(_ keyword: StaticString, _ value: UInt64) {
        raw(keyword)
        number(value)
    }

    private static func dateWord(_ field: SearchKey.DateField, _ comparison: SearchKey.DateComparison) -> StaticString {
        switch (field, comparison) {
        case (.internalDate, .before): "BEFORE"
        case (.internalDate, .on): "ON"
        case (.internalDate, .since): "SINCE"
        case (.sent, .before): "SENTBEFORE"
        case (.sent, .on): "SENTON"
        case (.sent, .since): "SENTSINCE"
        case (.saved, .before): "SAVEDBEFORE"
        case (.saved, .on): "SAVEDON"
        case (.saved, .since): "SAVEDSINCE"
        }
    }

    private static func flagWord(_ flag: SystemFlags, _ isSet: Bool) -> String {
        let name = SystemFlags.names.first { $0.flag == flag }.map { $0.name.dropFirst() } ?? "Seen"
        return (isSet ? "" : "UN") + ASCII.uppercased(String(name))
    }
}
