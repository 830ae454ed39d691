// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import JournalStore
import MailStore
import MailTypes
import MessageFormat
import Runtime
import SearchIndex

/// One message as a dump says it.
struct SeenMessage {
    var mailbox: MailboxName
    var uid: UInt32
    var token: String
}

/// Reads everything that accounts hold, every octet, and says it.
struct Dump {
    let store: JournalStore
    let output: Output
    var searches = false

    @discardableResult
    func say(_ accounts: some Sequence<UInt64>) async throws -> [UInt64: [SeenMessage]] {
        var found: [UInt64: [SeenMessage]] = [:]
        for number in accounts {
            let account = try await store.account(AccountID(number), deadline: .now + .seconds(10))
            var text = ""
            for mailbox in try await account.mailboxes() where mailbox.id != nil {
                let snapshot = try await account.snapshot(of: mailbox.name)
                for (index, entry) in snapshot.messages.enumerated() {
                    let (line, seen) = try await describe(entry, of: snapshot, account)
                    found[number, default: []].append(seen)
                    text += line
                    if searches, index % 16 == 0 { text += try await search(seen, index, snapshot.messages, account) }
                }
                let status = snapshot.status
                text +=
                    "U \(number) \(field(mailbox.name)) \(status.uidValidity.rawValue) \(status.uidNext.rawValue) "
                    + "\(status.highestModSeq.rawValue) \(snapshot.messages.count)\n"
            }
            output.say(text)
        }
        return found
    }

    /// Says a message that is not found by its token.
    private func search(
        _ seen: SeenMessage,
        _ place: Int,
        _ messages: MessageTable,
        _ account: any MailAccount
    ) async throws -> String {
        guard !seen.token.isEmpty, seen.token != "-" else { return "" }
        let term = MessageSearch.Term(SearchNeedle(seen.token), in: .text)
        let search = TextSearch([term], .term(0))
        let found = try await account.search(messages, at: Array(messages.indices), for: search, while: { true })
        return found.contains(place) ? "" : "X \(account.id) \(field(seen.mailbox)) \(seen.uid) \(seen.token)\n"
    }

    private func describe(
        _ entry: MessageEntry,
        of snapshot: MailboxSnapshot,
        _ account: any MailAccount
    ) async throws -> (String, SeenMessage) {
        let octets = try await account.read(entry, 0..<entry.size)
        _ = try await account.cachedStructure(of: entry)
        let flags = entry.flags(keywords: snapshot.keywords)
        let names =
            (Int(flags.system.rawValue).description + flags.keywords.map(\.text).sorted().map { ",\($0)" }.joined())
        let token = DrillMessage.token(of: octets.bytes)
        let line =
            "G \(account.id) \(field(snapshot.name)) \(entry.uid) \(token) \(Hex.encode(Digest.sha256(octets.bytes))) "
            + "\(octets.damaged.isEmpty && octets.bytes.count == Int(entry.size) ? 1 : 0) \(names) \(entry.modSeq) \(entry.size)\n"
        return (line, SeenMessage(mailbox: snapshot.name, uid: entry.uid.rawValue, token: token))
    }

    /// A name without spaces, as names that stand for lost records have them.
    private func field(_ name: MailboxName) -> String { name.text.split(separator: " ").joined(separator: "_") }
}

/// Dumps store after store, as standard input names them; "done", or what went wrong, answers each.
struct DumpDrill {
    let options: DrillOptions
    let loop: EventLoop

    init(_ options: DrillOptions, _ loop: EventLoop) {
        self.options = options
        self.loop = loop
    }

    func run() async throws {
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2 else { continue }
            do {
                let store = try await DrillStore.open(words[0], options, loop)
                let output = try Output(words[1])
                // First: reading marks what is damaged, and compares nothing.
                if options.checks { try await check(store, output) }
                try await Dump(store: store, output: output, searches: options.checks).say(1...UInt64(options.accounts))
                for number in 0..<min(options.appends, options.accounts) {
                    try await append(to: UInt64(number) + 1, store)
                }
                await store.close()
                Output.standard("done\n")
            } catch {
                Output.standard("failed \(error) \((error as? MailStoreError)?.detail ?? "")\n")
            }
        }
    }

    private func check(_ store: JournalStore, _ output: Output) async throws {
        for finding in try await store.check().findings {
            output.say("F \(finding.kind) \(finding.file) \(finding.offset) \(finding.octetsLost)\n")
        }
    }

    /// Whatever has happened to it, a store takes new mail and gives it back.
    private func append(to number: UInt64, _ store: JournalStore) async throws {
        let account = try await store.account(AccountID(number), deadline: .now + .seconds(10))
        let message = DrillMessage("999-0-\(number)")
        let staging = store.stage()
        try staging.add(message.octets)
        let outcome = try await account.append(
            staging.finish(),
            to: .inbox,
            flags: .none,
            internalDate: MailDate(secondsSince1970: 1_800_000_000),
            delivery: message.delivery
        )
        let entry = try await account.snapshot(of: .inbox).messages.first { $0.uid == outcome.uid }
        guard let entry, try await account.read(entry, 0..<entry.size).bytes == message.octets else {
            throw OutputError(errno: EIO)
        }
    }
}
