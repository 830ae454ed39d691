// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Runtime
import Testing

@testable import SMTPServer

/// Answers what it is told to; names below `silent.test` only after a long time, and those below `broken.test` not.
private final class Lists: AddressListSource {
    let asked = Lock<[String]>([])

    func addresses(of name: String) async -> [String]? {
        asked.withLock { $0.append(name) }
        if name.hasSuffix("silent.test") {
            try? await EventLoop.current?.sleep(for: .seconds(2))
            return ["127.0.0.2"]
        }
        if name.hasSuffix("broken.test") { return nil }
        return name.hasPrefix("7.2.0.192.") ? ["127.0.0.2"] : []
    }
}

@Suite(.timeLimit(.minutes(20))) struct AddressListCheckTests {
    private func verdict(
        _ lists: [String],
        _ host: String = "192.0.2.7",
        _ source: Lists = Lists(),
        _ health: AddressListHealth = AddressListHealth(),
        within time: Duration = .seconds(20)
    ) async throws -> (verdict: AddressListVerdict, silent: [String]) {
        let address = try #require(SocketAddress(host: host, port: 25))
        let lists = lists.compactMap(AddressList.init)
        return try await EventLoop.run { _ in
            await AddressListCheck(lists, of: address, source, health, within: time).verdict()
        }
    }

    @Test func `All lists are asked at once, each zone once`() async throws {
        let source = Lists()
        let lists = ["a.test=127.0.0.2 score 2", "a.test=127.0.0.3 score 9", "b.test mark"]
        let found = try await verdict(lists, "192.0.2.7", source)
        #expect(found.verdict.score == 2 && found.verdict.lists.count == 2 && found.silent.isEmpty)
        #expect(Set(source.asked.withLock { $0 }) == ["7.2.0.192.a.test", "7.2.0.192.b.test"])
        #expect(source.asked.withLock { $0.count } == 2)
        #expect(try await verdict(lists, "192.0.2.8").verdict.lists.isEmpty)
    }

    @Test func `Who does not answer in time lists nobody, and is left alone after three times`() async throws {
        let (source, health) = (Lists(), AddressListHealth())
        for round in 1...4 {
            let found = try await verdict(
                ["silent.test", "broken.test", "a.test mark"],
                "192.0.2.7",
                source,
                health,
                within: .milliseconds(300)
            )
            // The others count all the same.
            #expect(found.verdict.rejecting == nil && found.verdict.marks == "a.test (127.0.0.2)")
            #expect(Set(found.silent) == (round == 3 ? ["silent.test", "broken.test"] : []))
        }
        #expect(source.asked.withLock { $0.filter { $0.hasSuffix("silent.test") }.count } == 3)
        #expect(source.asked.withLock { $0.filter { $0.hasSuffix(".a.test") }.count } == 4)
    }

    @Test func `One answer makes a list one that answers`() {
        let health = AddressListHealth()
        for _ in 0..<10 {
            for isAnswered in [false, false, true] {
                #expect(!health.note("a.test", isAnswered: isAnswered))
            }
        }
        #expect(!health.isResting("a.test") && !health.isResting("b.test"))
    }
}
