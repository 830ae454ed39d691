// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MailboxFormats
internal import Testing

@Suite struct MaildirTests {
    @Test(arguments: [
        ("1.M2.host:2,FS", "1.M2.host", SystemFlags([.flagged, .seen]), [Int](), false),
        ("1.M2.host,S=5:2,DRTPab", "1.M2.host,S=5", SystemFlags([.draft, .answered, .deleted]), [0, 1], true),
        ("1.M2.host", "1.M2.host", SystemFlags([]), [], false), ("x:2,", "x", SystemFlags([]), [], false),
        ("a,b", "a,b", SystemFlags([]), [], false), ("x!2,S", "x", SystemFlags([.seen]), [], false),
        ("", "", SystemFlags([]), [], false), ("2,", "2,", SystemFlags([]), [], false),
    ])
    func `Names of files`(name: String, base: String, system: SystemFlags, keywords: [Int], isPassed: Bool) {
        let parsed = MaildirFileName(parsing: Array(name.utf8))
        #expect(parsed.base == Array(base.utf8))
        #expect(parsed.system == system)
        #expect(parsed.keywords == keywords)
        #expect(parsed.isPassed == isPassed)
    }

    @Test(arguments: [(Int16(0), false), (-90, true), (1439, false)])
    func `Exported names are read as they were`(zone: Int16, isExact: Bool) throws {
        let table = ["a", "$Junk"].compactMap { Keyword($0) }
        let name = MaildirFileName.exported(
            uid: UID(42),
            date: MailDate(secondsSince1970: 1_700_000_000, zoneMinutes: zone),
            size: 10,
            fileSize: 9,
            isExact: isExact,
            flags: FlagSet(system: [.seen, .draft], keywords: [try #require(Keyword("$JUNK"))]),
            table: table
        )
        let parsed = MaildirFileName(parsing: Array(name.utf8))
        #expect(MaildirFileName.seconds(of: parsed.base) == 1_700_000_000)
        #expect(parsed.mark == MaildirFileName.Mark(zoneMinutes: zone, isExact: isExact))
        #expect(parsed.system == [.seen, .draft])
        #expect(parsed.keywords == [1])
    }

    @Test func `Tables of keywords`() {
        let table = MaildirFiles.keywords(Array("0 $Forwarded\n1 a b\n2 work\r\nx y\n30 z\n\n3\n".utf8))
        #expect(table.mapValues(\.text) == [0: "$Forwarded", 2: "work"])
        let keywords = ["x", "$y"].compactMap { Keyword($0) }
        #expect(MaildirFiles.keywords(MaildirFiles.keywordsFile(keywords)).mapValues(\.text) == [0: "x", 1: "$y"])
    }

    @Test(arguments: [
        ("3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1", nil),
        ("25006 :1276528487.M364837P9451.k:2,S", "1276528487.M364837P9451.k"),
        ("25017 W2481 S12 :12.M2.k", "12.M2.k"), ("1 12.M2.k:2,F", "12.M2.k"), ("x :y", nil), ("", nil), ("7 :", nil),
    ])
    func `Lines of dovecot-uidlist`(line: String, name: String?) {
        #expect(MaildirFiles.uidListName(line.utf8) == name.map { Array($0.utf8) })
    }

    @Test func `Subscriptions`() {
        let first = MaildirFiles.subscriptions(Array("INBOX\nWork.Plans\r\nEntw&APw-rfe\n\n".utf8), separator: 0x2E)
        #expect(first == ["INBOX", "Work/Plans", "Entwürfe"])
        let second = MaildirFiles.subscriptions(Array("V\t2\n\nINBOX\nWork\tPl.ans\n".utf8), separator: 0x2E)
        #expect(second == ["INBOX", "Work/Pl.ans"])
    }

    @Test(arguments: [
        (".Work.Plans", ["Work", "Plans"]), (".Entw&APw-rfe", ["Entwürfe"]), (".Entwürfe", ["Entwürfe"]),
        (".a&AC4-b", ["a.b"]), (".A&B", ["A&B"]), (".x&AC8-y", ["x_y"]), ("cur", nil), (".", nil), ("..", nil),
        (".&", ["&"]),
    ])
    func `Folders of a Maildir`(directory: String, levels: [String]?) {
        #expect(FolderName.levels(ofMaildir: Array(directory.utf8)) == levels)
    }

    @Test(arguments: [
        "INBOX", "Work/Plans", "Entwürfe/日本", "a.b/c&d", "A&-B", ".x", "100%", "%41", "x.sbd", "y.MSF", "~", "a b",
    ])
    func `Names come back from directories and files`(text: String) throws {
        let name = try #require(MailboxName(text))
        #expect(FolderName.levels(ofMaildir: Array(FolderName.maildir(name).utf8))?.joined(separator: "/") == text)
        let levels = text.split(separator: "/").map { FolderName.fromMbox(Array(FolderName.mbox($0).utf8)) }
        #expect(levels.joined(separator: "/") == text)
    }

    @Test(arguments: [("a\nb\r\nc", "a\r\nb\r\nc"), ("\n\n", "\r\n\r\n"), ("\r", "\r"), ("", "")])
    func `Line ends`(file: String, canonical: String) {
        for pieces in [1, Int.max] {
            var canonizer = LineEndCanonizer()
            var written: [UInt8] = []
            var rest = Array(file.utf8)[...]
            while !rest.isEmpty {
                written += canonizer.canonize(Array(rest.prefix(pieces)))
                rest = rest.dropFirst(pieces)
            }
            #expect(String(decoding: written, as: UTF8.self) == canonical)
            var check = LineEndCheck()
            check.add(written)
            var reducer = LineEndReducer()
            let reduced = reducer.reduce(written) + reducer.finish()
            var again = LineEndCanonizer()
            #expect(!check.isPlain || again.canonize(reduced) == written)
        }
    }
}
