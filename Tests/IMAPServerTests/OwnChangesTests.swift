// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

@testable import IMAPServer

@Suite("What a client under NOTIFY has done itself")
struct OwnChangesTests {
    @Test("What changes nothing is not kept: nothing would ever take it away")
    func noChanges() throws {
        let known = AccountOverview(
            mailboxes: [:],
            subscriptions: [.inbox],
            annotations: ["/private/a": [1]]
        )
        var own = OwnChanges()
        for number in 0..<1000 {
            own.noteSubscription(try #require(MailboxName("none \(number)")), false, known)
            own.note([AnnotationChange("/private/none\(number)", nil)], of: nil, known)
        }
        own.noteSubscription(.inbox, true, known)
        own.note([AnnotationChange("/private/a", [1])], of: nil, known)
        #expect(own.subscriptions.isEmpty && own.removedAnnotations.isEmpty && own.annotations[nil] == nil)
    }

    @Test("What changes something is")
    func changes() throws {
        let known = AccountOverview(mailboxes: [:], subscriptions: [.inbox], annotations: ["/private/a": [1]])
        let other = try #require(MailboxName("other"))
        var own = OwnChanges()
        own.noteSubscription(.inbox, false, known)
        own.noteSubscription(other, true, known)
        own.note([AnnotationChange("/private/a", nil), AnnotationChange("/private/b", [2])], of: nil, known)
        #expect(own.subscriptions == [.inbox: false, other: true])
        #expect(own.includes("/private/a", of: nil, nil) && own.includes("/private/b", of: nil, [2]))
        // Back where it was.
        own.noteSubscription(.inbox, true, known)
        #expect(own.subscriptions == [other: true])
    }
}
