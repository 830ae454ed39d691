// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import Runtime
import SMTPWire
import Testing

@testable import MailQueue

/// Messages for so many that what is to be done for each is done beside the loop.
@Suite(.timeLimit(.minutes(20))) struct ManyRecipientsTests {
    private static let names = (0..<1800).map { "a\($0)@d\($0 % 30).test" }

    private static var queued: QueuedMessage {
        var queued = message()
        queued.recipients = names.compactMap { MailboxAddress($0) }.map {
            QueuedRecipient(RecipientCommand(.address($0)), destination: "")
        }
        return queued
    }

    @Test func `Each gets it once, also after a restart`() async throws {
        try await onBench { bench in
            bench.world.routes.withLock {
                $0["d0.test"] = .held("branch/mx:d0.test")
                $0["d1.test"] = .refused(SMTPReply(550, .otherAddress, "No way"))
            }
            var queue = try await bench.open()
            let id = try await queue.accept(Self.queued, content("x"))
            let found = try await queue.message(id)
            let view = try #require(found)
            #expect(view.recipients.count == Self.names.count)
            #expect(view.recipients[0].status?.reply.lines.first?.contains("connector branch") == true)
            #expect(await queue.destinations.first { $0.name == "branch/mx:d0.test" }?.state == .remote)
            await queue.close()
            queue = try await bench.open()
            await queue.setSending(true)
            await bench.settle(queue)
            for (number, name) in Self.names.enumerated() {
                #expect(bench.world.taken("<\(name)>") == (number % 30 < 2 ? 0 : 1))
            }
            let left = try await queue.message(id)?.recipients.filter { !$0.state.isFinal }
            #expect(left?.count == Self.names.count / 30)
            await queue.close()
        }
    }

    @Test func `Others go on while it is taken`() async throws {
        try await onBench { bench in
            let queue = try await bench.open()
            await queue.setSending(true)
            async let large = queue.accept(Self.queued, content("x"))
            let small = try await queue.accept(message(to: "b@far.test"), content("x"))
            let other = try await large
            #expect(other != small)
            await bench.settle(queue)
            #expect(await queue.count == 0)
            #expect(bench.world.taken("<b@far.test>") == 1)
            await queue.close()
        }
    }
}
