// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Settings
internal import Testing

@Suite struct SettingsFileTests {
    private let folder: TemporaryFolder
    private let file: SettingsFile

    init() throws {
        folder = try TemporaryFolder()
        file = SettingsFile(dataFolder: folder.path, tree: sampleTree)
    }

    @Test func `Without a file everything is default`() {
        let (snapshot, problems) = file.load()
        #expect(snapshot == SettingsSnapshot())
        #expect(problems == [])
    }

    @Test func `Problems name file, line, key and reason, and the rest counts`() {
        folder.write(
            """
            # sample
            imapsvc/1/ImapShareRetryAttempts = 5
            imap/share-retry-sleep = 250
            nonsense
            imap/share-retry-slep = 1s
            smtp/banner = one
            smtp/banner = two
            """
        )
        let (snapshot, problems) = file.load()
        #expect(snapshot.texts == ["imap/1/share-retry-attempts": "5", "smtp/banner": "two"])
        #expect(
            problems.map(\.description) == [
                "martlet.conf:3: imap/share-retry-sleep: \"250\" is not a duration (ms | s | m | h | d)",
                "martlet.conf:4: not of the form \"path = value\"",
                "martlet.conf:5: imap/share-retry-slep: there is no setting \"imap/share-retry-slep\"; "
                    + "did you mean imap/share-retry-sleep?",
                "martlet.conf:7: smtp/banner: is set on line 6 already; this later line counts",
            ]
        )
    }

    @Test func `In place of a refused value stands the previous good one`() throws {
        folder.write("imap/share-retry-attempts = 5\n")
        let (good, _) = file.load()
        folder.write("imap/share-retry-attempts = 1001\n")
        let (kept, problems) = file.load(previous: good)
        #expect(kept.texts["imap/share-retry-attempts"] == "5")
        #expect(problems.map(\.kind) == [.refused])
        #expect(file.load().snapshot.texts == [:])
    }

    @Test func `A fresh process finds the previous good value in the history`() throws {
        _ = try file.set("imap/share-retry-attempts", to: "5", author: "t")
        folder.write("imap/share-retry-attempts = many\n")
        #expect(file.load().snapshot.texts["imap/share-retry-attempts"] == "5")
        try file.recordOutsideEdit()
        #expect(file.load().snapshot.texts["imap/share-retry-attempts"] == "5")
    }

    @Test func `An unreadable file keeps all that was in force`() throws {
        let before = SettingsSnapshot(texts: ["smtp/banner": "x"])
        unsafe mkdir("\(folder.path)/martlet.conf", 0o700)
        let (snapshot, problems) = file.load(previous: before)
        #expect(snapshot == before)
        #expect(problems.map(\.kind) == [.unreadable])
        #expect(throws: SettingsError.self) { try file.set("smtp/banner", to: "y", author: "t") }
    }

    @Test func `Set, unset, history, diff and rollback`() throws {
        folder.write("# mine\nsmtp/banner = hello\n")
        let first = try file.set("imapsvc/1/ImapShareRetryAttempts", to: "4", author: "root (uid 0)")
        #expect(first.version == 2)
        #expect(first.snapshot.texts == ["smtp/banner": "hello", "imap/1/share-retry-attempts": "4"])
        #expect(try file.set("imap/1/share-retry-attempts", to: "4", author: "x").version == nil)
        _ = try file.set("smtp/banner", to: "bye", author: "ann")
        let fourth = try file.unset("imap/1/share-retry-attempts", author: "ann")
        #expect(fourth.changes == [SettingChange(path: "imap/1/share-retry-attempts", old: "4", new: nil)])
        #expect(folder.read() == "# mine\nsmtp/banner = bye\n")

        let versions = file.versions()
        #expect(versions.map(\.number) == [1, 2, 3, 4])
        #expect(versions.map(\.author) == ["edited by hand", "root (uid 0)", "ann", "ann"])
        #expect(
            versions.map { $0.changes.map(\.description) } == [
                ["smtp/banner = hello"], ["imap/1/share-retry-attempts = 4"], ["smtp/banner = bye (was hello)"],
                ["imap/1/share-retry-attempts unset (was 4)"],
            ]
        )
        #expect(versions.allSatisfy { $0.time > 1_700_000_000_000_000_000 })

        #expect(try file.differences(from: 1, to: nil).map(\.description) == ["smtp/banner = bye (was hello)"])
        #expect(try file.differences(from: 4, to: nil) == [])
        let back = try file.rollback(to: 2, author: "ann")
        #expect(back.version == 5)
        #expect(folder.read() == "# mine\nsmtp/banner = hello\nimap/1/share-retry-attempts = 4\n")
        #expect(file.versions().last?.author == "ann, back to version 2")
        #expect(throws: SettingsError.self) { try file.rollback(to: 99, author: "ann") }
        #expect(try file.rollback(to: 0, author: "ann").snapshot.texts == [:])
    }

    @Test func `A version that is not valid is not rolled back to`() throws {
        folder.write("smtp/banner = a\nno/such = 1\n")
        try file.recordOutsideEdit()
        _ = try file.set("smtp/banner", to: "b", author: "x")
        #expect(throws: SettingsError.self) { try file.rollback(to: 1, author: "x") }
        #expect(folder.read() == "smtp/banner = b\nno/such = 1\n")
    }

    @Test(arguments: [
        ("imap/share-retry-attempts", "1001"), ("imap/share-retry-attempts", "x"), ("no/such", "1"),
        ("smtp/banner", "two\nlines"), ("smtp/banner", "nul\0"), ("smtp/banner", String(repeating: "x", count: 3000)),
        ("store/1/scrub", "yes"),
    ])
    func `A refused set changes nothing`(key: String, value: String) {
        folder.write("smtp/banner = a\n")
        #expect(throws: SettingsError.self) { try file.set(key, to: value, author: "x") }
        #expect(folder.read() == "smtp/banner = a\n")
        #expect(file.versions() == [])
    }

    @Test func `A symbolic link stays one and the mode is kept`() throws {
        let elsewhere = try TemporaryFolder()
        elsewhere.write("smtp/banner = a\n", to: "real.conf")
        unsafe chmod("\(elsewhere.path)/real.conf", 0o604)
        unsafe symlink("\(elsewhere.path)/real.conf", file.path)
        _ = try file.set("smtp/banner", to: "b", author: "x")
        #expect(elsewhere.read("real.conf") == "smtp/banner = b\n")
        var status = stat()
        #expect(unsafe lstat(file.path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
        #expect(unsafe stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o604)
    }

    @Test func `Edits at once from many threads are all kept`() async throws {
        let file = file
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                group.addTask { _ = try file.set("imap/\(number)/share-retry-attempts", to: "\(number)", author: "t") }
            }
            try await group.waitForAll()
        }
        #expect(file.load().snapshot.texts.count == 24)
        #expect(file.versions().map(\.number) == Array(1...24))
    }
}
