// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Settings
internal import Testing

@Suite struct SettingsTreeTests {
    @Test(
        arguments: [
            ("imap/share-retry-attempts", "imap/share-retry-attempts", nil),
            ("IMAP/Share-Retry-Attempts", "imap/share-retry-attempts", nil),
            ("imap/1/share-retry-attempts", "imap/1/share-retry-attempts", "1"),
            ("imapsvc/ImapShareRetryAttempts", "imap/share-retry-attempts", nil),
            ("imapsvc/1/ImapShareRetryAttempts", "imap/1/share-retry-attempts", "1"),
            ("IMAPSVC/1/imapshareretryattempts", "imap/1/share-retry-attempts", "1"),
            ("smtp/submission-2/maximum-message-size", "smtp/submission-2/maximum-message-size", "submission-2"),
        ] as [(String, String, String?)]
    )
    func `Every spelling leads to its setting`(spelling: String, path: String, instance: String?) throws {
        let address = try sampleTree.resolve(spelling)
        #expect(address.path == path)
        #expect(address.instance == instance)
    }

    @Test(
        arguments: [
            ("imap/share-retry-atempts", "imap/share-retry-attempts"),
            ("imap/1/share-retry-slepe", "imap/share-retry-sleep"),
            ("pop3/share-retry-sleep", "imap/share-retry-sleep"),
            ("store/1/scrub", "store/scrub"),
            ("imap/a b/share-retry-sleep", "imap/share-retry-sleep"),
            ("imap//share-retry-sleep", "imap/share-retry-sleep"),
            ("", nil),
            ("/", nil),
            ("completely/different", nil),
            (String(repeating: "x/", count: 5000), nil),
        ] as [(String, String?)]
    )
    func `An unknown spelling names the nearest`(spelling: String, suggestion: String?) {
        #expect { try sampleTree.resolve(spelling) } throws: { error in
            (error as? UnknownSetting)?.suggestion == suggestion
        }
    }

    @Test(
        arguments: [
            ("imapsvc/1/ImapShareRetryAttempts", [:], "ImapShareRetryAttempts : [IF] (DWORD) 0x10={16}"),
            ("imap/share-retry-sleep", [:], "ImapShareRetrySleep : [IF] (DWORD) 0xfa={250}"),
            (
                "imap/share-retry-sleep", ["imap/share-retry-sleep": "1s"],
                "ImapShareRetrySleep : [IF] (DWORD) 0x3e8={1000}"
            ),
            (
                "smtp/maximum-message-size", ["smtp/maximum-message-size": "8GiB"],
                "maximum-message-size : [IF] (QWORD) 0x200000000={8589934592}"
            ),
            ("smtp/banner", ["smtp/banner": "hello"], "banner : [IF] (STRING) \"hello\""),
            ("events/sinks", [:], "sinks : [IF] (MULTISZ) \"file\" \"journal\""),
            ("store/scrub", [:], "scrub : [IF] (DWORD) 0x1={1}"),
        ] as [(String, [String: String], String)]
    )
    func `The classic form is as the classic tools wrote it`(spelling: String, texts: [String: String], line: String)
        throws
    {
        let address = try sampleTree.resolve(spelling)
        #expect(SettingsSnapshot(texts: texts).effective(address).classicLine == line)
    }

    @Test func `An instance inherits from its service, the service from the default`() throws {
        let address = try sampleTree.resolve("imap/1/share-retry-attempts")
        func effective(_ texts: [String: String]) -> (String, SettingOrigin) {
            let setting = SettingsSnapshot(texts: texts).effective(address)
            return (setting.text, setting.origin)
        }
        #expect(effective([:]) == ("16", .default))
        #expect(effective(["imap/share-retry-attempts": "4"]) == ("4", .service))
        #expect(effective(["imap/share-retry-attempts": "4", "imap/1/share-retry-attempts": "5"]) == ("5", .instance))
        #expect(effective(["imap/share-retry-attempts": "4", "imap/1/share-retry-attempts": "x"]) == ("4", .service))
    }

    @Test func `A list shows what is declared and the instances that are set`() {
        let snapshot = SettingsSnapshot(texts: ["imap/7/share-retry-sleep": "1s"])
        #expect(
            sampleTree.addresses(under: "imap", in: snapshot).map(\.path)
                == ["imap/7/share-retry-sleep", "imap/share-retry-attempts", "imap/share-retry-sleep"]
        )
        #expect(sampleTree.addresses(under: "imap/7", in: snapshot).map(\.path) == ["imap/7/share-retry-sleep"])
        #expect(sampleTree.addresses(under: "", in: snapshot).count == 7)
    }

    @Test func `The lint finds what must not ship`() {
        #expect(sampleTree.lint == [])
        let bad = SettingsTree([
            SettingKey("a/b", default: 5, in: 0...3, help: "x").declaration,
            SettingKey("a/b", default: 1, help: "").declaration,
            SettingKey("A", default: 1, help: "x").declaration,
        ])
        #expect(bad.lint.count == 4)
    }

    @Test func `The reference names every setting`() {
        let text = sampleTree.markdown
        for declaration in sampleTree.declarations { #expect(text.contains("### `\(declaration.path)`")) }
        #expect(text.contains("- type: duration (ms | s | m | h | d)\n- default: `250ms`\n- allowed: 0ms to 1m\n"))
    }
}
