// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension WireEncoder {
    /// `FLAGS (...)` of one message, straight from its bits: this runs for every message of every mailbox.
    mutating func flags(_ entry: MessageEntry, keywords: [Keyword]) {
        raw("FLAGS (")
        var needsSpace = false
        if !entry.systemFlags.isEmpty {
            for (flag, name) in SystemFlags.names where entry.systemFlags.contains(flag) {
                if needsSpace { space() }
                raw(name.utf8)
                needsSpace = true
            }
        }
        if entry.keywordBits != 0 {
            for (bit, keyword) in keywords.enumerated() where bit < 128 && entry.keywordBits >> UInt128(bit) & 1 == 1 {
                if needsSpace { space() }
                raw(keyword.text.utf8)
                needsSpace = true
            }
        }
        raw(")")
    }

    /// A FETCH response with flags and UID of a message of the view.
    mutating func flagsResponse(_ view: MailboxView, _ index: Int, _ enabled: EnabledExtensions) {
        let entry = view.messages[index]
        flagsResponse(entry, at: index, keywords: view.keywords, withUID: true, withFlags: true, enabled)
    }

    /// A FETCH response with flags, and the UID where wanted; with the mod-sequence once those are told, and with
    /// `withFlags` false with nothing else.
    mutating func flagsResponse(
        _ entry: MessageEntry,
        at index: Int,
        keywords: [Keyword],
        withUID: Bool,
        withFlags: Bool,
        _ enabled: EnabledExtensions
    ) {
        fetchHead(SequenceNumber(UInt32(clamping: index + 1)), entry.uid, enabled)
        if !enabled.contains(.uidOnly), withUID || enabled.contains(.qresync) {
            raw("UID ")
            number(entry.uid.rawValue)
            space()
        }
        if withFlags { flags(entry, keywords: keywords) }
        if enabled.contains(.condstore) {
            if withFlags { space() }
            fetchValue(.modSeq(entry.modSeq))
        }
        raw(")")
        lineEnd()
    }

    /// `* n FETCH (`, or by UID.
    mutating func fetchHead(_ number: SequenceNumber, _ uid: UID, _ enabled: EnabledExtensions) {
        raw("* ")
        let isByUID = enabled.contains(.uidOnly)
        self.number(isByUID ? uid.rawValue : number.rawValue)
        raw(isByUID ? " UIDFETCH (" : " FETCH (")
    }
}
