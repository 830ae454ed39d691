// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import ServiceControl
import Settings
import Testing

@Suite("Recovery")
struct RecoveryTests {
    @Test(
        "A policy reads back as it was written",
        arguments: ["restart 0ms, restart 5s, restart 30s; reset 1h; breaker 5", "restart 1s; reset 1m; breaker 1"]
    )
    func roundTrip(text: String) throws {
        let policy = try #require(RecoveryPolicy(settingText: text))
        #expect(policy.settingText == text)
        #expect(RecoveryPolicy(settingText: policy.settingText) == policy)
    }

    @Test(
        "What is not a policy is refused",
        arguments: ["", "restart", "restart 5", "reboot 1s", "restart 1s; breaker 0", "restart 1s; reset", "reset 1h"]
    )
    func refused(text: String) { #expect(RecoveryPolicy(settingText: text) == nil) }

    @Test("The n-th failure takes the n-th pause, the last repeats, and the breaker opens")
    func ladder() throws {
        let policy = try #require(RecoveryPolicy(settingText: "restart 0s, restart 5s; reset 1m; breaker 4"))
        var state = RecoveryState()
        let decisions = (0..<5).map { _ in
            state.failed(ranFor: .seconds(1), killedFromOutside: false, policy: policy)
        }
        let late = RecoveryPolicy.pauseAfterBreaker
        #expect(
            decisions == [
                .restart(after: .zero), .restart(after: .seconds(5)), .restart(after: .seconds(5)),
                .giveUp(nextTry: late), .giveUp(nextTry: late),
            ]
        )
        state.forget()
        #expect(state.failed(ranFor: nil, killedFromOutside: false, policy: policy) == .restart(after: .zero))
    }

    @Test("A quiet time counts anew")
    func reset() {
        let policy = RecoveryPolicy.standard
        var state = RecoveryState()
        for _ in 0..<3 { _ = state.failed(ranFor: .zero, killedFromOutside: false, policy: policy) }
        #expect(state.failed(ranFor: .seconds(61), killedFromOutside: false, policy: policy) == .restart(after: .zero))
        #expect(state.failures == 1)
    }

    @Test("Being killed from outside is no failure of the worker, unless it never became ready")
    func killed() {
        var state = RecoveryState()
        for _ in 0..<100 {
            let decision = state.failed(ranFor: .milliseconds(1), killedFromOutside: true, policy: .standard)
            #expect(decision == .restart(after: .zero))
        }
        #expect(state.failures == 0)
        for _ in 0..<4 { _ = state.failed(ranFor: nil, killedFromOutside: true, policy: .standard) }
        let next = state.failed(ranFor: nil, killedFromOutside: true, policy: .standard)
        #expect(next == .giveUp(nextTry: RecoveryPolicy.pauseAfterBreaker))
    }

    @Test("An item is set aside at its second death, and that survives being written down")
    func suspects() {
        var list = SuspectList()
        #expect(list.died(on: ["a", "b", "a"]) == [])
        #expect(list.died(on: ["b"]) == ["b"])
        #expect(list.died(on: ["b"]) == [])
        let again = SuspectList(encoded: list.encoded)
        #expect(again == list)
        #expect(again.setAside == ["b"])
        #expect(SuspectList(encoded: Array("{nonsense".utf8)).setAside.isEmpty)
    }

    @Test("What a thread works on is on the board, and gone afterwards")
    func breadcrumbs() throws {
        let board = try #require(BreadcrumbBoard())
        let breadcrumbs = Breadcrumbs(board: board)
        breadcrumbs.working(on: "message 1") { #expect(board.items == ["message 1"]) }
        #expect(board.items == [])
        breadcrumbs.working(on: String(repeating: "x", count: 1000)) {
            #expect(board.items.first?.utf8.count == BreadcrumbBoard.itemOctets)
        }
        let before = board.heartbeat
        board.beat()
        #expect(board.heartbeat != before)
    }

    @Test(
        "Control messages read back as they were sent",
        arguments: [
            ControlMessage.ready, .stop, .settingsChanged, .setAside(["a\n\"b"]),
            .request(id: 7, verb: "restart", arguments: ["service": "frontend"]), .reply(id: 7, result: [1, "x"]),
            .refusal(id: 8, reason: "no such service"),
        ]
    )
    func messages(message: ControlMessage) {
        #expect(message.line.last == 10)
        #expect(!message.line.dropLast().contains(10))
        #expect(ControlMessage(line: message.line.dropLast()) == message)
    }

    @Test("Workers read their own arguments, and nothing else is one")
    func inheritance() {
        let variables = ["MARTLET_SOCKETS": "imap,imap,pop3"]
        let worker = WorkerInheritance(
            arguments: ["worker", "frontend", "2", "--data", "/d"],
            environment: variables
        )
        #expect(worker?.role == .frontEnd)
        #expect(worker?.descriptors(of: .imap) == [5, 6])
        #expect(worker?.descriptors(of: .pop3) == [7])
        #expect(WorkerInheritance(arguments: ["worker", "nobody", "1", "--data", "/d"], environment: [:]) == nil)
        #expect(WorkerInheritance(arguments: ["serve"], environment: [:]) == nil)
    }
}
