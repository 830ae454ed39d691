// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import MailTypes
import SMTPWire
import Testing

@testable import MailQueue

/// The journal is cut at any octet, as a death may leave it, and what is there after the next start is compared with
/// what had been promised and done at that octet.
///
/// The comparison knows nothing of the ledger: it has its own books.
@Suite(.timeLimit(.minutes(20))) struct CrashTests {
    /// What happened, and how long the journal was by then.
    private enum Entry: Sendable {
        case accepted(String)
        case endOfMessageSent(String)
        case taken(String)
        case reported(String)
    }

    private final class Books: Sendable {
        let entries = Lock<[(entry: Entry, octets: Int)]>([])
        let segment: String

        init(_ folder: Folder) { segment = folder.path + "/segment-0000000001.log" }

        func note(_ entry: Entry) {
            var status = stat()
            let octets = unsafe stat(segment, &status) == 0 ? Int(status.st_size) : 0
            entries.withLock { $0.append((entry, octets)) }
        }
    }

    /// A world that writes down what it sees, and gives each recipient the answer that its name says.
    private struct Watched: DeliveryTransport {
        let world: World
        let books: Books

        func deliver(
            _ batch: DeliveryBatch,
            willSendEnd: @escaping @Sendable ([Int]) async -> Bool
        ) async -> DeliveryResult {
            let names = batch.recipients.map { "\(batch.message.recipients[$0].command.forwardPath)" }
            return await world.deliver(batch) { positions in
                guard await willSendEnd(positions) else { return false }
                for position in positions { books.note(.endOfMessageSent(names[position])) }
                return true
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3]) func `Cut at any octet, each recipient is accounted for`(seed: UInt64)
        async throws
    {
        try await onBench { bench in
            let books = Books(bench.folder)
            var random = SeededGenerator(seed)
            let size = try await play(bench, books, &random)
            for _ in 0..<100 {
                let cut = Int.random(in: 1...size, using: &random)
                try await check(bench, books, cut)
            }
        }
    }

    /// Messages come and go for a while; the journal's length at the end.
    private func play(_ bench: Bench, _ books: Books, _ random: inout SeededGenerator) async throws -> Int {
        var services = bench.services
        services.transport = Watched(world: bench.world, books: books)
        let queue = try await MailQueue.open(bench.folder.path, services, loop: bench.loop)
        await queue.setSending(true)
        for number in 0..<40 {
            var recipients: [String] = []
            for recipient in 0..<Int.random(in: 1...3, using: &random) {
                let name = "u\(number)-\(recipient)@d\(Int.random(in: 0..<4, using: &random)).test"
                recipients.append(name)
                let outcome = [DeliveryOutcome.taken, .taken, .later, .never, .doubt].randomElement(using: &random)
                bench.world.answers.withLock { $0["<\(name)>"] = outcome }
            }
            var queued = message(to: "x@d.test")
            queued.recipients = recipients.compactMap { MailboxAddress($0) }.map {
                QueuedRecipient(RecipientCommand(.address($0)), destination: "")
            }
            let text = String(repeating: "x", count: Int.random(in: 0..<3000, using: &random))
            _ = try await queue.accept(queued, content(text))
            for name in recipients { books.note(.accepted("<\(name)>")) }
            if number % 3 == 0 { await bench.pass(.seconds(300), queue) }
            // Only what has come to rest is done for certain.
            if number % 2 == 0 {
                await bench.settle(queue)
                noteEnds(bench, books)
            }
        }
        await bench.settle(queue)
        noteEnds(bench, books)
        var status = stat()
        unsafe stat(books.segment, &status)
        await queue.close()
        return Int(status.st_size)
    }

    private func noteEnds(_ bench: Bench, _ books: Books) {
        for delivery in bench.world.log.withLock({ $0 }) where delivery.kind == .delivered {
            books.note(.taken(delivery.recipient))
        }
        for report in bench.world.reports.withLock({ $0 }) {
            for recipient in report.recipients { books.note(.reported(recipient)) }
        }
    }

    private func check(_ bench: Bench, _ books: Books, _ cut: Int) async throws {
        let folder = Folder()
        let copied = copy(books.segment, to: folder.path + "/segment-0000000001.log", octets: cut)
        try #require(copied)
        let clock = FakeClock(wall: bench.clock.wall)
        let after = Bench(bench.loop, clock: clock, folder: folder)
        let queue = try await after.open()
        await queue.setSending(true)
        for pause in [1, 1200, 1200, 3600, 4 * 3600, 4 * 3600, 4 * 3600] { await after.pass(.seconds(pause), queue) }
        let left = await queue.page(QueueFilter(), after: nil, limit: 1000).messages
        await queue.close()
        // What ended in doubt too often is set aside, and nothing else is left.
        #expect(left.allSatisfy { $0.state == .quarantined }, "cut at \(cut)")
        let aside = Set(
            left.flatMap(\.recipients).filter { $0.state == .quarantined }.map { "\($0.command.forwardPath)" }
        )
        let before = books.entries.withLock { $0.filter { $0.octets <= cut }.map(\.entry) }
        let ever = books.entries.withLock { $0.map(\.entry) }
        var accepted: Set<String> = []
        var (taken, sent, reported) = (Set<String>(), Set<String>(), Set<String>())
        for entry in before {
            switch entry {
            case .accepted(let name): accepted.insert(name)
            case .taken(let name): taken.insert(name)
            case .endOfMessageSent(let name): sent.insert(name)
            case .reported(let name): reported.insert(name)
            }
        }
        let names = Set(
            ever.compactMap { entry -> String? in if case .accepted(let name) = entry { name } else { nil } }
        )
        for name in names {
            let again = after.world.taken(name)
            #expect(again <= 1, "\(name) twice after a cut at \(cut)")
            if taken.contains(name) || reported.contains(name) {
                #expect(again == 0, "\(name) was done at \(cut), and went out again")
            } else if accepted.contains(name), !sent.contains(name) {
                #expect(again == 1, "\(name) was accepted at \(cut), and is lost")
            } else if accepted.contains(name) {
                // In doubt, or answered and not yet written, or refused and not yet reported: once more, or done.
                let wasDone = endedLater(name, in: ever)
                #expect(again == 1 || wasDone || aside.contains(name), "\(name) was sent at \(cut), and is lost")
            }
        }
    }

    private func endedLater(_ name: String, in ever: [Entry]) -> Bool {
        ever.contains { entry in
            switch entry {
            case .taken(name), .reported(name): true
            default: false
            }
        }
    }

    private func copy(_ source: String, to target: String, octets: Int) -> Bool {
        guard let bytes = WholeFile.contents(source), bytes.count >= octets else { return false }
        return WholeFile.replace(target, with: Array(bytes.prefix(octets)))
    }

    @Test func `Octets that change on the disk harm the record they are in, and the rest goes on`() async throws {
        try await onBench { bench in
            let books = Books(bench.folder)
            let queue = try await bench.open()
            for number in 0..<30 {
                _ = try await queue.accept(message(to: "u\(number)@d.test"), content("content \(number)"))
            }
            await queue.close()
            let good = try #require(WholeFile.contents(books.segment))
            var random = SeededGenerator(9)
            for _ in 0..<60 {
                let folder = Folder()
                var bad = good
                let start = Int.random(in: 0..<(bad.count - 200), using: &random)
                for index in start..<(start + Int.random(in: 1...200, using: &random)) {
                    bad[index] = .random(in: .min ... .max, using: &random)
                }
                WholeFile.replace(folder.path + "/segment-0000000001.log", with: bad)
                let after = Bench(bench.loop, folder: folder)
                let reopened = try await after.open()
                await reopened.setSending(true)
                await after.settle(reopened)
                let taken = after.world.log.withLock { $0.filter { $0.kind == .delivered }.map(\.recipient) }
                #expect(taken.count >= 28 && Set(taken).count == taken.count)
                for delivery in after.world.log.withLock({ $0 }) where delivery.destination.hasPrefix("<") {
                    let number = delivery.recipient.dropFirst(2).prefix { $0 != "@" }
                    #expect(delivery.content == "content \(number)")
                }
                await reopened.close()
            }
        }
    }
}

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
