// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Locking
import Testing

@testable import JournalStore

@Suite("The embedded engine: what the log has of a full disk")
struct FullDiskNoticesTests {
    @Test("The first refusal is told at once, and the others once a minute, each once")
    func counts() {
        let events = EventCollector()
        let time = Lock(ContinuousClock.now)
        let notices = FullDiskNotices(EventRecorder(sink: events)) { time.withLock { $0 } }
        for _ in 0..<5 { notices.refused(errno: 28) }
        #expect(events.count(of: 9256) == 1)
        time.withLock { $0 += .seconds(59) }
        notices.refused(errno: 28)
        #expect(events.count(of: 9256) == 1)
        time.withLock { $0 += .seconds(1) }
        for _ in 0..<3 { notices.refused(errno: 28) }
        #expect(events.count(of: 9256) == 2)
        #expect(events.field("store.refused", of: 9256) == .count(6))
        // The last ones, though nothing more is refused.
        notices.tell()
        #expect(events.count(of: 9256) == 2)
        time.withLock { $0 += .seconds(60) }
        for _ in 0..<2 { notices.tell() }
        #expect(events.count(of: 9256) == 3 && events.field("store.refused", of: 9256) == .count(2))
        // An end comes before it is time.
        for _ in 0..<3 { notices.refused(errno: 28) }
        for _ in 0..<2 { notices.tell(isLast: true) }
        #expect(events.count(of: 9256) == 4 && events.field("store.refused", of: 9256) == .count(3))
    }
    @Test("That there is room is told once, when changes are written and for a minute none was refused")
    func room() {
        let events = EventCollector()
        let time = Lock(ContinuousClock.now)
        let notices = FullDiskNotices(EventRecorder(sink: events)) { time.withLock { $0 } }
        notices.written()
        for errno in [28, 122] as [Int32] {
            let before = events.count(of: 9267)
            if errno == 28 { notices.refused(errno: errno) } else { notices.foundFull(errno: errno) }
            // A small one fits, a large one does not.
            notices.written()
            time.withLock { $0 += .seconds(59) }
            notices.refused(errno: errno)
            time.withLock { $0 += .seconds(59) }
            notices.written()
            #expect(events.count(of: 9267) == before)
            time.withLock { $0 += .seconds(1) }
            for _ in 0..<3 { notices.written() }
            #expect(events.count(of: 9267) == before + 1)
        }
    }

    @Test("Where nothing is written, nobody knows of room")
    func silence() {
        let events = EventCollector()
        let time = Lock(ContinuousClock.now)
        let notices = FullDiskNotices(EventRecorder(sink: events)) { time.withLock { $0 } }
        notices.refused(errno: 28)
        time.withLock { $0 += .seconds(3600) }
        notices.tell()
        #expect(events.count(of: 9267) == 0)
    }
}
