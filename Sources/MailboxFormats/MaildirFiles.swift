// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The small files that lie beside the messages of a Maildir.
package enum MaildirFiles {
    /// A file `dovecot-keywords`: a line `0 $Forwarded` for each letter from `a`.
    ///
    /// Lines that are none are passed over.
    package static func keywords(_ file: [UInt8]) -> [Int: Keyword] {
        var table: [Int: Keyword] = [:]
        for line in file.split(separator: ASCII.lf).prefix(1000) {
            let words = line.split(separator: ASCII.space, maxSplits: 1)
            guard words.count == 2, let place = Decimal.parse(words[0], maximum: 25) else { continue }
            table[Int(place)] = Keyword(String(decoding: words[1].filter { $0 != ASCII.cr }, as: UTF8.self))
        }
        return table
    }

    package static func keywordsFile(_ table: [Keyword]) -> [UInt8] {
        Array(table.prefix(26).enumerated().map { "\($0.offset) \($0.element.text)\n" }.joined().utf8)
    }

    /// The base of a message's file name in a line of `dovecot-uidlist`; `nil` for other lines.
    ///
    /// Version 1 writes `uid name`, version 3 `uid [extensions] :name`; the name may have its information.
    package static func uidListName(_ line: some Collection<UInt8>) -> [UInt8]? {
        let line = Array(line)
        guard let first = line.first, ASCII.isDigit(first), let space = line.firstIndex(of: ASCII.space),
            Decimal.parse(line[..<space], maximum: UInt64(UInt32.max)) != nil
        else { return nil }
        let rest = line[(space + 1)...]
        let name: ArraySlice<UInt8>
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")),
            colon == rest.startIndex || rest[colon - 1] == ASCII.space
        {
            name = rest[(colon + 1)...]
        } else if rest.contains(ASCII.space) {
            return nil
        } else {
            name = rest
        }
        return name.isEmpty ? nil : MaildirFileName(parsing: Array(name)).base
    }

    /// The names in a file of subscriptions: Dovecot's `subscriptions`, in its first form (a name a line) or its second
    /// (levels with tabs between them), or Courier's `courierimapsubscribed`.
    ///
    /// - Parameter separator: what divides levels in the first form.
    package static func subscriptions(_ file: [UInt8], separator: UInt8) -> [String] {
        var lines = file.split(separator: ASCII.lf).map { $0.last == ASCII.cr ? $0.dropLast() : $0 }
        let hasLevels = lines.first?.elementsEqual("V\t2".utf8) == true
        if hasLevels { lines.removeFirst() }
        return lines.prefix(100_000).compactMap { line in
            let levels = line.split(separator: hasLevels ? ASCII.tab : separator).map { FolderName.decoded(Array($0)) }
            return levels.isEmpty ? nil : levels.joined(separator: "/")
        }
    }
}

/// Names of folders in files and directories.
package enum FolderName {
    /// A level as text: modified UTF-7 (RFC 3501 §5.1.3) where it is that, else UTF-8.
    package static func decoded(_ octets: [UInt8]) -> String {
        let text =
            ModifiedUTF7.decode(octets) ?? ModifiedUTF7.decodeLoosely(octets) ?? String(decoding: octets, as: UTF8.self)
        return safe(text)
    }

    /// The levels of a folder of a Maildir++ (`.Work.Plans`).
    ///
    /// `nil` for a directory that is no folder.
    package static func levels(ofMaildir directory: [UInt8]) -> [String]? {
        guard directory.first == ASCII.dot, directory.count > 1, directory[1] != ASCII.dot else { return nil }
        let levels = directory.dropFirst().split(separator: ASCII.dot).map { decoded(Array($0)) }
        return levels.isEmpty ? nil : levels
    }

    /// The directory of a mailbox in a Maildir++; dots within a level are shifted (`&AC4-`).
    package static func maildir(_ name: MailboxName) -> String {
        name.text.split(separator: MailboxName.delimiter).map { level in
            let encoded = String(decoding: ModifiedUTF7.encode(String(level)), as: UTF8.self)
            return "." + encoded.replacing(".", with: "&AC4-")
        }.joined()
    }

    /// The file of a level in a tree of mboxes: UTF-8, `%` and what cannot begin or end a name as `%XX`.
    package static func mbox(_ level: some StringProtocol) -> String {
        var text = String(level).replacing("%", with: "%25").replacing("&", with: "%26")
        if text.hasPrefix(".") { text = "%2E" + text.dropFirst() }
        for suffix in [".sbd", ".msf", ".json"] where text.lowercased().hasSuffix(suffix) {
            text = text.dropLast(suffix.count) + "%2E" + text.suffix(suffix.count - 1)
        }
        return String(text)
    }

    /// What `mbox` wrote, as text; a name without `%XX` may be another program's, in modified UTF-7.
    package static func fromMbox(_ file: [UInt8]) -> String {
        var octets: [UInt8] = []
        var isEscaped = false
        var rest = file[...]
        while let octet = rest.popFirst() {
            let digits = rest.prefix(2)
            if octet == UInt8(ascii: "%"), digits.count == 2, let high = digits.first.flatMap(Hex.value),
                let low = digits.last.flatMap(Hex.value)
            {
                octets.append(high << 4 | low)
                isEscaped = true
                rest = rest.dropFirst(2)
            } else {
                octets.append(octet)
            }
        }
        return isEscaped ? safe(String(decoding: octets, as: UTF8.self)) : decoded(octets)
    }

    /// A slash and control characters cannot stand in a level.
    private static func safe(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0 == "/" || $0.value < 0x20 || $0.value == 0x7F ? "_" : $0 }
        return String(String.UnicodeScalarView(scalars))
    }
}
