// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

@Suite("Threads")
struct ThreadTests {
    private func keys(_ text: String) -> ThreadKeys {
        let octets = Array(text.utf8)
        return unsafe ThreadKeys(octets.span.bytes)
    }

    @Test("Ids are read from the header, folded or not, in any case, and from nowhere else")
    func reading() {
        let plain = keys("Message-ID: <a@x>\r\nIn-Reply-To: <b@x>\r\nReferences: <c@x> <b@x>\r\n\r\n")
        #expect(plain.keys.count == 3)
        let folded = keys(
            "MESSAGE-id:\r\n\t<a@x>\nin-reply-to:(hm)\n <b@x>\nREFERENCES :\r\n <c@x>\r\n <b\r\n @x>\n\n<z@x>"
        )
        #expect(folded == plain)
        #expect(plain.root == keys("References: <c@x>").keys.first)
        #expect(keys("Subject: <a@x>\r\n\r\nMessage-ID: <a@x>\r\n") == ThreadKeys())
        #expect(keys("") == ThreadKeys())
        #expect(keys("\r\nMessage-ID: <a@x>\r\n") == ThreadKeys())
        #expect(keys("Message-ID: <>\r\n\r\n") == ThreadKeys())
        #expect(keys("Message-ID: <a@x> <b@x>\r\n").keys.count == 1)
    }

    @Test("However many ids a header has, a few are kept: the first and the last")
    func bounded() {
        let many = (0..<5000).map { "<m\($0)@x>" }.joined(separator: "\r\n ")
        let found = keys("Message-ID: <own@x>\r\nReferences: \(many)\r\n\r\n")
        #expect(found.keys.count == 17)
        #expect(found.root == keys("References: <m0@x>").keys.first)
        #expect(keys("Message-ID: <\(String(repeating: "a", count: 999))>\r\n") == ThreadKeys())
    }

    @Test("What is remembered of ids is bounded, and the newest are among it")
    func index() throws {
        var state = AccountState()
        let place = LogPlace(position: LogPosition(segment: 1, offset: 0), body: BodyReference(segment: 1, offset: 0))
        let count = UInt64(3 * ThreadIndex.generation)
        for number in 1...count {
            let record = MessageRecord(
                delivery: nil,
                mailbox: MailboxID(1),
                uid: UID(UInt32(number)),
                modSeq: ModSeq(number),
                flags: .none,
                internalDate: MailDate(secondsSince1970: 0),
                savedSeconds: 0,
                size: 1,
                sha256: [],
                structure: [],
                thread: ThreadID(number),
                threadKeys: [number]
            )
            state.apply(.message(record), at: place)
        }
        #expect(state.threads[count] == ThreadID(count))
        #expect(state.threads[count - UInt64(ThreadIndex.generation) + 1] != nil)
        #expect(state.threads[1] == nil)
        #expect(AccountState(decoding: state.encode()) == state)
    }
}
