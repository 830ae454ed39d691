// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPClient
import IMAPWire
import MailTypes
import Runtime

extension Load {
    /// A command on the filled mailbox, and its name for people.
    private typealias Step = (name: String, perform: (IMAPClientSession) async throws -> Void)

    /// Messages of which bodies are read.
    private static let readBodies: UInt32 = 5000

    /// What another user's session notices of each command on the filled mailbox: the longest that it waited for NOOP.
    static func pause(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let begun = ContinuousClock.now
        var tally = Tally()
        let rows = try await Prober.during(target.user(options.number("other", 1)), of: target) { prober in
            var rows: [JSONValue] = []
            let (session, count) = try await opened(target, readOnly: false, loop)
            // Until the other has logged on, and asked once.
            _ = try await prober.answers(since: .now, loop)
            for step in steps(count, loop) {
                let began = ContinuousClock.now
                try await step.perform(session)
                let took = ContinuousClock.now - began
                let waits = try await prober.answers(since: began, loop)
                for wait in waits { tally.note(wait) }
                rows.append(row(step.name, took, waits))
            }
            try await session.logOut()
            return rows
        }
        if rows.isEmpty || tally.operations == 0 { tally.fail("nothing was asked") }
        let seconds = (ContinuousClock.now - begun).inSeconds
        return LoadResult(tally: tally, seconds: seconds, more: [("pauses", .array(rows))])
    }

    private static func row(_ name: String, _ took: Duration, _ waits: [Duration]) -> JSONValue {
        func milliseconds(_ wait: Duration?) -> JSONValue { wait.map { .number($0.inSeconds * 1000) } ?? .null }
        return .object([
            JSONMember("command", .string(name)), JSONMember("seconds", .number(took.inSeconds)),
            JSONMember("asked", .integer(Int64(waits.count))),
            JSONMember("p50_ms", milliseconds(waits.isEmpty ? nil : waits[waits.count / 2])),
            JSONMember("longest_ms", milliseconds(waits.last)),
        ])
    }

    /// Each is answered with OK, or ends the load; what else is answered, the other loads look at.
    private static func steps(_ count: Int, _ loop: EventLoop) -> [Step] {
        var steps: [Step] = [("nothing", { _ in try await loop.sleep(for: .milliseconds(300)) })]
        steps.append(("SELECT", { session in _ = try await session.select("INBOX") }))
        steps += fetches(count) + searches(count) + orders()
        steps.append(step("STORE +FLAGS", StoreCommand(set(1, nil), .add, answered)))
        steps.append(step("STORE -FLAGS", StoreCommand(set(1, nil), .remove, answered)))
        steps.append(("COPY, and marking as deleted", { session in _ = try await Copies(session, count) }))
        steps.append(step("EXPUNGE", ExpungeCommand()))
        steps.append(("UNSELECT and DELETE", { session in try await Copies.remove(in: session) }))
        return steps
    }

    private static func fetches(_ count: Int) -> [Step] {
        let (all, some) = (set(1, nil), set(1, min(readBodies, UInt32(count))))
        return [
            step("FETCH flags", FetchCommand(all, items: [.uid, .flags])),
            step("FETCH envelopes", FetchCommand(all, items: [.uid, .flags, .rfc822Size, .envelope])),
            step("FETCH bodies", FetchCommand(some, items: [.uid, wholeBody])),
        ]
    }

    private static func searches(_ count: Int) -> [Step] {
        let (first, end) = FilledMailbox.days(1, count: count)
        let since = SearchKey.date(.sent, .since, CalendarDate(of: first))
        let before = SearchKey.date(.sent, .before, CalendarDate(of: end))
        return [
            step("SEARCH TEXT", SearchCommand(.text(Array(Messages.rareWord(1).utf8)))),
            step("SEARCH of a flag", SearchCommand(.flag(.flagged, isSet: true))),
            step("SEARCH of sending dates", SearchCommand(.and([since, before]))),
        ]
    }

    private static func orders() -> [Step] {
        let charset = Array("UTF-8".utf8)
        return [
            step("SORT by DATE", SortCommand([SortCriterion(.date)], .all, charset: charset)),
            step("SORT by SUBJECT", SortCommand([SortCriterion(.subject)], .all, charset: charset)),
            step("THREAD ORDEREDSUBJECT", ThreadCommand(.orderedSubject, .all, charset: charset)),
            step("THREAD REFERENCES", ThreadCommand(.references, .all, charset: charset)),
        ]
    }

    private static func step(_ name: String, _ command: some IMAPCommand) -> Step {
        (name, { session in _ = try await session.performRaw(command) { _ in } })
    }
}
