// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Journal
import JournalStore
import Locking
import MailStore
import MailTypes
import MessageFormat
import Runtime
import Settings

/// The store, used as the back-end uses it: on one event loop, with the structure of every message read at delivery.
struct JournalBench {
    private let options: BenchOptions
    private let folder: String
    private let loop: EventLoop
    private let loops: [EventLoop]
    private let date = MailDate(secondsSince1970: 1_800_000_000)

    init(_ options: BenchOptions, _ loop: EventLoop) {
        self.options = options
        self.loop = loop
        // With more, accounts are divided over them.
        loops = [loop] + (1..<max(1, options.value("--loops", 1))).map { EventLoop(name: "bench-\($0)") }
        for other in loops.dropFirst() { other.start() }
        folder = options.words.count > 1 && ["journal"].contains(options.words[0]) ? options.words[1] : options.words[0]
    }

    private func open() async throws -> JournalStore {
        try await JournalStore.open(
            folder,
            loops: loops,
            settings: LiveSettings(),
            events: .none,
            summarize: { MessageSummary(parsing: $0).encode() }
        )
    }

    private func mailbox(of number: Int, _ store: JournalStore) async throws -> any MailAccount {
        try await store.account(AccountID(UInt64(number) + 1), deadline: .now + .seconds(60))
    }

    private func deliver(_ octets: [UInt8], to account: any MailAccount, _ store: JournalStore) async throws {
        let staging = store.stage()
        var offset = 0
        while offset < octets.count {
            // As it comes from a socket.
            let end = min(octets.count, offset + 65_536)
            try staging.add(Array(octets[offset..<end]))
            offset = end
        }
        let message = try await staging.finish()
        _ = try await account.append(message, to: .inbox, flags: .none, internalDate: date, delivery: .random())
    }

    // MARK: Verbs

    func deliver() async throws {
        let store = try await open()
        let sample = MailSample.mixed()
        let accounts = options.value("--accounts", 300)
        var boxes: [any MailAccount] = []
        for number in 0..<accounts { boxes.append(try await mailbox(of: number, store)) }
        let targets = boxes
        let end = Clock.now + Double(options.value("--seconds", 3))
        let figures = DeliveryFigures()
        let counts = try await withThrowingTaskGroup(of: (messages: Int, octets: Int).self) { group in
            for writer in 0..<options.value("--writers", 1) {
                group.addTask(executorPreference: loops[writer % loops.count]) {
                    var generator = Mixer(seed: UInt64(writer))
                    var count = (messages: 0, octets: 0)
                    while Clock.now < end {
                        let octets = sample.messages[Int(generator.next() % UInt64(sample.messages.count))]
                        try await deliver(octets, to: targets[Int(generator.next() % UInt64(targets.count))], store)
                        count = (count.messages + 1, count.octets + octets.count)
                    }
                    return count
                }
            }
            return try await group.reduce((0, 0)) { ($0.0 + $1.messages, $0.1 + $1.octets) }
        }
        figures.say(counts)
        await store.close()
    }

    func fill() async throws {
        let store = try await open()
        let sample = MailSample.small(options.value("--octets", 4000))
        let (total, accounts) = (options.value("--messages", 100_000), options.value("--accounts", 1))
        let next = Lock(0)
        let loop = loop
        var boxes: [any MailAccount] = []
        for number in 0..<accounts { boxes.append(try await mailbox(of: number, store)) }
        let targets = boxes
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask(executorPreference: loop) {
                    while true {
                        let number = next.withLock { value in
                            value += 1
                            return value
                        }
                        guard number <= total else { return }
                        let octets = sample.messages[number % sample.messages.count]
                        try await deliver(octets, to: targets[number % targets.count], store)
                    }
                }
            }
            try await group.waitForAll()
        }
        if options.value("--kill", 0) == 0 { await store.close() }
    }

    /// Each twice: just after the start, and again.
    func mailbox() async throws {
        var figures = Figures()
        let store = try await figures.measure("open the store") { try await open() }
        let account = try await figures.measure("open the account") { try await mailbox(of: 0, store) }
        let first = try await figures.measure("SELECT cold") { try await account.snapshot(of: .inbox) }
        figures.add("messages", first.messages.count)
        _ = await figures.measure("FETCH FLAGS cold") { flags(of: first) }
        _ = try await figures.measure("SELECT warm") { try await account.snapshot(of: .inbox) }
        _ = await figures.measure("FETCH FLAGS warm") { flags(of: first) }
        let count = min(10_000, first.messages.count / 4)
        for (index, name) in ["cold", "warm"].enumerated() {
            let chosen = UIDSet(ascending: first.messages[(index * count)..<((index + 1) * count)].map(\.uid))
            try await figures.measure("STORE 10k \(name)") {
                let change = FlagChange(.add, FlagSet(system: .flagged))
                _ = try await account.changeFlags(change, of: chosen, in: first.status.id, unchangedSince: nil)
            }
        }
        for (index, name) in ["cold", "warm"].enumerated() {
            let chosen = UIDSet(ascending: first.messages[(index * count)..<((index + 1) * count)].map(\.uid))
            try await figures.measure("EXPUNGE 10k \(name)") {
                _ = try await account.expunge(chosen, in: first.status.id, onlyDeleted: false)
            }
        }
        var generator = Mixer(seed: 3)
        let bodies = (0..<1000).map { _ in first.messages[2 * count + Int(generator.next() % UInt64(count))] }
        for name in ["cold", "warm"] {
            try await figures.measure("1000 bodies \(name)") {
                for entry in bodies { _ = try await account.read(entry, 0..<entry.size) }
            }
        }
        figures.add("memory", Clock.memory)
        figures.say()
        await store.close()
    }

    /// What a FETCH of all flags has to make of them.
    private func flags(of mailbox: MailboxSnapshot) -> Int {
        var octets = 0
        for entry in mailbox.messages {
            let names = SystemFlags.names.filter { entry.systemFlags.contains($0.flag) }.map(\.name)
            octets += "* \(octets) FETCH (UID \(entry.uid) FLAGS (\(names.joined(separator: " "))))\r\n".utf8.count
        }
        return octets
    }

    func restart() async throws {
        var figures = Figures()
        let store = try await figures.measure("open the store") { try await open() }
        let first = try await figures.measure("first account") {
            try await mailbox(of: 0, store).snapshot(of: .inbox)
        }
        figures.add("messages of the account", first.messages.count)
        figures.add("memory", Clock.memory)
        figures.say()
        // Left as a kill leaves it, so that it can be measured again.
    }

    func corpus() async throws {
        let store = try await open()
        let box = try await mailbox(of: 0, store)
        var octets = 0
        for path in options.words.dropFirst() {
            guard let message = try? File.contents(path), !message.isEmpty else { continue }
            try await deliver(message, to: box, store)
            octets += message.count
        }
        var figures = Figures()
        figures.add("messages", try await box.snapshot(of: .inbox).messages.count)
        figures.add("octets", octets)
        await store.close()
        figures.say()
    }
}

/// What deliveries took, from when it was made on.
struct DeliveryFigures {
    private let begun = Clock.now
    private let used = Clock.cpu
    private let usedByAll = Clock.machineCPU

    func say(_ counts: (Int, Int)) {
        var figures = Figures()
        figures.add("messages", counts.0)
        figures.add("octets", counts.1)
        figures.add("seconds", Clock.now - begun)
        figures.add("cpu", Clock.cpu - used)
        figures.add("machine cpu", Clock.machineCPU - usedByAll)
        figures.say()
    }
}
