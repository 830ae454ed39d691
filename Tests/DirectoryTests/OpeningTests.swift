// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Events
import Glibc
import Settings
import Testing

@Suite struct OpeningTests {
    @Test func aMissingFolderIsSaid() async throws {
        do {
            _ = try await AccountDirectory.open(
                file: "/nonexistent/directory.sqlite",
                settings: LiveSettings(),
                events: .none
            )
            Issue.record("opened")
        } catch {
            #expect(error.code == .unavailable)
            #expect(error.description.contains("/nonexistent/directory.sqlite"))
        }
    }

    @Test func theFileIsTheOwnersOnly() async throws {
        let fixture = try await Fixture.withPeople()
        var status = stat()
        #expect(unsafe stat(fixture.file, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func whatIsNoDatabaseIsRefusedAndKept() async throws {
        let folder = try TemporaryFolder()
        let file = folder.path + "/directory.sqlite"
        let text = String(repeating: "This is a text and no database. ", count: 40)
        let descriptor = unsafe open(file, O_RDWR | O_CREAT, 0o600)
        #expect(unsafe write(descriptor, text, text.utf8.count) == text.utf8.count)
        close(descriptor)
        await #expect(throws: DirectoryError.self) {
            try await AccountDirectory.open(file: file, settings: LiveSettings(), events: .none)
        }
        var status = stat()
        #expect(unsafe stat(file, &status) == 0 && status.st_size == text.utf8.count)
    }

    @Test func openedAgainItIsAsItWas() async throws {
        let fixture = try await Fixture.withPeople()
        let again = try await fixture.another()
        #expect(try await again.accounts().count == 2)
    }

    @Test func aCopyIsTheSameDirectoryAndTheOwnersOnly() async throws {
        let fixture = try await Fixture.withPeople()
        let folder = try TemporaryFolder()
        let path = folder.path + "/copy.db"
        try await fixture.directory.copy(to: path)
        var status = stat()
        #expect(unsafe stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        let copy = try await AccountDirectory.open(file: path, settings: LiveSettings(), events: .none)
        #expect(try await copy.accounts() == fixture.directory.accounts())
        #expect(try await copy.aliases(in: nil) == fixture.directory.aliases(in: nil))
        // Over nothing that is there.
        await #expect(throws: DirectoryError.self) { try await fixture.directory.copy(to: path) }
        await #expect(throws: DirectoryError.self) { try await fixture.directory.copy(to: "/nonexistent/copy.db") }
    }

    @Test func everyEventAndSettingSaysWhatItIs() {
        #expect(Set(directoryEvents.map(\.number)).count == directoryEvents.count)
        #expect(directoryEvents.allSatisfy { !$0.text.isEmpty && !$0.cause.isEmpty && !$0.action.isEmpty })
        #expect(directorySettings.allSatisfy { $0.refusal($0.defaultText) == nil })
        let others = ["store/quota-", "submission/save-sent"]
        #expect(
            directorySettings.allSatisfy { setting in
                (others + ["directory/"]).contains { setting.path.hasPrefix($0) }
            }
        )
    }
}
