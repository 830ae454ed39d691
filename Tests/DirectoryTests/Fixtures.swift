// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Events
import Glibc
import Locking
import MailTypes
import Settings
import Testing

/// A directory in a folder that goes when nothing uses it any more.
final class Fixture: Sendable {
    let file: String
    let directory: AccountDirectory
    let settings: LiveSettings
    let log: EventLog

    init(_ texts: [String: String] = [:]) async throws {
        let folder = try TemporaryFolder()
        log = EventLog(keeping: folder)
        file = folder.path + "/directory.sqlite"
        settings = LiveSettings(SettingsSnapshot(texts: texts))
        directory = try await AccountDirectory.open(file: file, settings: settings, events: EventRecorder(sink: log))
    }

    /// The same file through a second connection, as another process has it.
    func another() async throws -> AccountDirectory {
        try await AccountDirectory.open(file: file, settings: settings, events: EventRecorder(sink: log))
    }

    /// Two domains, alice and bob at the first.
    static func withPeople(_ texts: [String: String] = [:]) async throws -> Fixture {
        let fixture = try await Fixture(texts)
        _ = try await fixture.directory.addDomain(domain("example.test"))
        _ = try await fixture.directory.addDomain(domain("other.test"))
        _ = try await fixture.directory.addAccount(address("Alice@example.test"), password: quick("secret1"))
        _ = try await fixture.directory.addAccount(address("bob@example.test"), password: quick("secret2"))
        return fixture
    }
}

final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/martlet-directory-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in ["", "-wal", "-shm", "-log-ons", "-log-ons-wal", "-log-ons-shm"] {
            _ = unsafe unlink("\(path)/directory.sqlite\(name)")
        }
        _ = unsafe rmdir(path)
    }
}

/// Keeps events for looking at.
///
/// The directory keeps it, and it keeps the folder.
final class EventLog: EventSink {
    private let events = Lock<[Event]>([])
    private let folder: TemporaryFolder
    init(keeping folder: TemporaryFolder) { self.folder = folder }
    func record(_ event: Event) { events.withLock { $0.append(event) } }
    var numbers: [UInt16] { events.withLock { $0.map(\.definition.number) } }
    func fields(of number: UInt16) -> [String: EventValue] {
        let event = events.withLock { $0.last { $0.definition.number == number } }
        return Dictionary((event?.fields ?? []).map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}

func address(_ text: String, at location: SourceLocation = #_sourceLocation) throws -> MailboxAddress {
    try #require(MailboxAddress(text), sourceLocation: location)
}

func domain(_ text: String, at location: SourceLocation = #_sourceLocation) throws -> Domain {
    try #require(Domain(text), sourceLocation: location)
}

/// An MD5-crypt hash, which costs less than what the server makes.
func quick(_ password: String) throws -> PasswordHash {
    let known = [
        "secret1": "$1$saltsalt$2HM3oGhH6VPi/5dxZ798f/", "secret2": "$1$saltsalt$gj6pO5.kc2.f03C2q5XDg/",
    ]
    return try #require(known[password].flatMap(PasswordHash.init(imported:)))
}
