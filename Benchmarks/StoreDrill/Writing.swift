// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import JournalStore
import Locking
import MailStore
import MailTypes
import Runtime

/// Says what is there, and then has writers and watchers work on it until the process is killed, or standard input ends.
struct WriteDrill {
    private let options: DrillOptions
    private let loop: EventLoop

    init(_ options: DrillOptions, _ loop: EventLoop) {
        self.options = options
        self.loop = loop
    }

    func run() async throws {
        let output = try Output(options.words[1])
        let store = try await DrillStore.open(options.words[0], options, loop)
        let found = try await Dump(store: store, output: output).say(1...UInt64(options.accounts))
        output.say("R \(Output.now)\n")
        let drill = Drill(store: store, output: output, options: options)
        let ending = drill.ending
        Threads.start(name: "input") {
            while readLine() != nil {}
            ending.withLock { $0 = true }
        }
        let loop = loop
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<options.writers {
                let account = UInt64(number % options.accounts) + 1
                let mine = (found[account] ?? []).filter { $0.token.hasPrefix("\(number)-") }
                group.addTask(executorPreference: loop) { await DrillWriter(number, drill, mine).run() }
            }
            for account in 1...UInt64(options.accounts) {
                group.addTask(executorPreference: loop) { await DrillWatcher(account, drill).run(on: loop) }
            }
            if options.compact > 0 { group.addTask(executorPreference: loop) { await compact(drill) } }
        }
        // What SEARCH looks into, so that it can be damaged.
        for account in 1...UInt64(options.accounts) { try await store.makeTexts(of: AccountID(account)) }
        await store.close()
        output.say("C \(Output.now)\n")
    }

    /// Empties and removes segments while the writers are at it.
    private func compact(_ drill: Drill) async {
        while !drill.isEnding {
            try? await loop.sleep(for: .milliseconds(options.compact))
            _ = try? await drill.store.compact(now: true)
        }
    }
}

/// What all writers and watchers share.
struct Drill: Sendable {
    static let mailboxes = ["INBOX", "Archive", "Sent", "Trash"].compactMap { MailboxName($0) }
    let store: JournalStore
    let output: Output
    let options: DrillOptions
    let ending = Lock(false)
    let number = Lock(0)

    var isEnding: Bool { ending.withLock { $0 } }

    func account(_ number: UInt64) async throws -> any MailAccount {
        try await store.account(AccountID(number), deadline: .now + .seconds(10))
    }

    /// Asks the store for something and logs the asking and the answer; `nil` when it said no.
    func ask<Answer: Sendable>(
        _ what: String,
        _ operation: () async throws -> Answer,
        answer: (Answer) -> String
    ) async -> Answer? {
        let number = number.withLock { next in
            next += 1
            return next
        }
        output.say("I \(number) \(Output.now) \(what)\n")
        do {
            let result = try await operation()
            output.say("A \(number) \(Output.now) \(answer(result))\n")
            return result
        } catch {
            output.say("E \(number) \(Output.now) \((error as? MailStoreError).map { "\($0.code)" } ?? "\(error)")\n")
            return nil
        }
    }
}

/// Another session of an account: what it sees must be there after any kill.
struct DrillWatcher {
    private let number: UInt64
    private let drill: Drill

    init(_ number: UInt64, _ drill: Drill) {
        self.number = number
        self.drill = drill
    }

    func run(on loop: EventLoop) async {
        guard let account = try? await drill.account(number) else { return }
        var told: [MailboxName: UInt32] = [:]
        while !drill.isEnding {
            for name in Drill.mailboxes {
                guard let seen = try? await account.snapshot(of: name) else { continue }
                let fresh = seen.messages.map(\.uid.rawValue).filter { $0 > told[name] ?? 0 }
                guard let last = fresh.last else { continue }
                told[name] = last
                drill.output.say("S \(Output.now) \(number) \(name) \(fresh.map(String.init).joined(separator: ","))\n")
            }
            try? await loop.sleep(for: .milliseconds(5))
        }
    }
}
