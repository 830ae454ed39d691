// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Glibc
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import Runtime
import Settings
import Testing

/// The engines that the conformance suite runs against.
enum Engine: String, CaseIterable, Sendable {
    case memory
    case journal
}

/// Keeps events for a test to look at.
final class EventCollector: EventSink {
    private let events = Lock<[Event]>([])
    func record(_ event: Event) { events.withLock { $0.append(event) } }
    func count(of number: UInt16) -> Int { events.withLock { $0.count { $0.definition.number == number } } }
    /// A field of the newest event of this number.
    func field(_ key: String, of number: UInt16) -> EventValue? {
        let last = events.withLock { $0.last { $0.definition.number == number } }
        return last?.fields.first { $0.key == key }?.value
    }
}

/// A store of one engine that can be closed and opened again with what it holds.
final class StoreHarness: Sendable {
    let engine: Engine
    let directory = "/tmp/martlet-store-\(UInt64.random(in: .min ... .max))"
    let loop = EventLoop(name: "store-test")
    let settings = LiveSettings()
    let events = EventCollector()
    let memory = MemoryLog()
    private let memoryFeed = EmbeddedFeed()
    /// What every account may store.
    let quota = Lock(QuotaLimits.none)
    let now = Lock<Int64>(1_800_000_000)
    /// For the journals, from the next opening on.
    let options = Lock(JournalOptions())
    private let current = Lock<(any MailStore)?>(nil)

    init(_ engine: Engine) async throws {
        self.engine = engine
        loop.start()
        try await open()
    }

    deinit {
        loop.stop()
        Self.remove(directory)
    }

    static func remove(_ path: String) {
        for name in (try? Directories.entries(path)) ?? [] { remove("\(path)/\(name)") }
        unsafe unlink(path)
        unsafe rmdir(path)
    }

    var store: any MailStore {
        guard let store = current.withLock({ $0 }) else { fatalError("the store is closed") }
        return store
    }

    var feed: EmbeddedFeed { (store as? JournalStore)?.feed ?? memoryFeed }
    var journalLog: (any AccountLog, UInt64)? { (store as? JournalStore)?.accountLog }

    func open() async throws {
        let recorder = EventRecorder(sink: events)
        let store: any MailStore
        let quota: QuotaSource = { [quota] _ in quota.withLock { $0 } }
        switch engine {
        case .memory:
            try? Directories.make(directory)
            store = LoggedMailStore(
                log: memory,
                leases: EmbeddedLeases(epoch: 1),
                feed: memoryFeed,
                loops: [loop],
                stagingDirectory: directory,
                settings: settings,
                events: recorder,
                quota: quota,
                summarize: summarize
            )
        case .journal:
            store = try await JournalStore.open(
                directory,
                options: options.withLock { $0 },
                shards: 1,
                loops: [loop],
                settings: settings,
                events: recorder,
                quota: quota,
                summarize: summarize
            )
        }
        current.withLock { $0 = store }
    }

    func close() async {
        let store = current.withLock { $0 }
        if let journal = store as? JournalStore { await journal.close() }
        if let logged = store as? LoggedMailStore { await logged.close() }
        current.withLock { $0 = nil }
    }

    func reopen() async throws {
        await close()
        try await open()
    }

    func account(_ number: UInt64 = 7) async throws -> any MailAccount {
        try await store.account(AccountID(number), deadline: .now + .seconds(5))
    }
}

/// A structure that a test can recognise: the first and last octets.
let summarize: MessageSummarizer = { bytes in
    guard bytes.byteCount > 0 else { return [] }
    return unsafe [
        bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self),
        bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self),
    ]
}

let someDate = MailDate(secondsSince1970: 1_700_000_000, zoneMinutes: 120)

func name(_ text: String) -> MailboxName {
    guard let name = MailboxName(text) else { fatalError("\(text) is no name") }
    return name
}

func keyword(_ text: String) -> Keyword {
    guard let keyword = Keyword(text) else { fatalError("\(text) is no keyword") }
    return keyword
}

/// Octets that differ from place to place.
func pattern(_ count: Int, seed: UInt8 = 1) -> [UInt8] {
    var value = UInt32(seed) &* 2_654_435_761
    return (0..<count).map { _ in
        value = value &* 1_664_525 &+ 1_013_904_223
        return UInt8(truncatingIfNeeded: value >> 24)
    }
}

extension StoreHarness {
    func staged(_ octets: [UInt8]) async throws -> any StagedMessage {
        let staging = store.stage()
        var offset = 0
        while offset < octets.count {
            let end = min(octets.count, offset + 70_000)
            try staging.add(Array(octets[offset..<end]))
            offset = end
        }
        return try await staging.finish()
    }
}

extension MailAccount {
    @discardableResult
    func put(
        _ octets: [UInt8],
        in mailbox: MailboxName = .inbox,
        flags: FlagSet = .none,
        delivery: DeliveryID? = nil
    ) async throws -> AppendOutcome {
        let staged = StagedOctets(octets, summarize: summarize)
        return try await append(staged, to: mailbox, flags: flags, internalDate: someDate, delivery: delivery)
    }

    func uids(_ mailbox: MailboxName = .inbox) async throws -> [UInt32] {
        try await snapshot(of: mailbox).messages.map(\.uid.rawValue)
    }

    func whole(_ entry: MessageEntry) async throws -> [UInt8] { try await read(entry, 0..<entry.size).bytes }
}
