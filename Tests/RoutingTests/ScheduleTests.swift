// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Routing
import Testing

@Suite struct ScheduleTests {
    /// 2023-11-13 was a Monday.
    private func moment(_ day: Int, _ hour: Int, _ minute: Int, zone: Int = 0) throws -> Int64 {
        let date = MailDate(
            year: 2023,
            month: 11,
            day: day,
            hour: hour,
            minute: minute,
            second: 0,
            zoneMinutes: zone
        )
        return try #require(date).secondsSince1970
    }

    @Test(arguments: [
        // hours, day of November 2023, hour, minute, open
        ("always", 13, 0, 0, true), ("never", 13, 0, 0, false),
        ("08:00-17:00", 13, 8, 0, true), ("08:00-17:00", 13, 7, 59, false), ("08:00-17:00", 13, 17, 0, false),
        ("mon-fri 22:00-06:00", 13, 21, 59, false), ("mon-fri 22:00-06:00", 13, 22, 0, true),
        ("mon-fri 22:00-06:00", 14, 5, 59, true), ("mon-fri 22:00-06:00", 13, 5, 59, false),
        ("mon-fri 22:00-06:00", 18, 5, 59, true), ("mon-fri 22:00-06:00", 18, 22, 0, false),
        ("sat 22:00-06:00", 19, 5, 0, true), ("sat 22:00-06:00", 12, 5, 0, true), ("sat 22:00-06:00", 12, 22, 0, false),
        ("sat+sun 00:00-24:00", 18, 0, 0, true), ("sat+sun 00:00-24:00", 19, 23, 59, true),
        ("sat+sun 00:00-24:00", 20, 0, 0, false), ("fri-mon 12:00-13:00", 19, 12, 0, true),
        ("fri-mon 12:00-13:00", 14, 12, 0, false), ("mon 01:00-02:00, MON 03:00-04:00", 13, 3, 30, true),
    ])
    func `Hours of the week`(text: String, day: Int, hour: Int, minute: Int, open: Bool) throws {
        let schedule = try #require(Schedule(text))
        let moment = try moment(day, hour, minute)
        #expect(schedule.isOpen(at: moment, .utc) == open)
        // The same on a clock that is five hours behind.
        #expect(schedule.isOpen(at: moment + 18_000, LocalZone { _ in -18_000 }) == open)
        let next = schedule.nextOpening(from: moment, .utc)
        #expect((next == moment) == open)
        if let next {
            #expect(schedule.isOpen(at: next, .utc))
            #expect(open || !schedule.isOpen(at: next - 1, .utc))
            #expect(next - moment < 7 * 86_400)
        } else {
            #expect(text == "never")
        }
    }

    @Test(arguments: [
        "", "mon", "mon 08:00", "8:00-17:00", "08:00-25:00", "08:60-09:00", "24:00-25:00", "24:00-01:00",
        "monday 08:00-09:00",
        "mon-fri-sun 08:00-09:00", "mon 08:00-09:00,", "mon tue 08:00-09:00", "08:00–09:00", "-1:00-02:00",
    ])
    func `What is no schedule`(text: String) { #expect(Schedule(text) == nil) }

    @Test func `Opening times over a change of the clock`() throws {
        // Clocks go forward by an hour at 2023-11-14T01:00Z: from 01:00 to 02:00.
        let change = try moment(14, 1, 0)
        let spring = LocalZone { $0 < change ? 0 : 3600 }
        let morning = try #require(Schedule("06:00-07:00"))
        let evening = try moment(13, 20, 0)
        #expect(morning.nextOpening(from: evening, spring) == (try moment(14, 5, 0)))
        // The hour that is left out has no opening that day.
        let skipped = try #require(Schedule("01:00-02:00"))
        #expect(skipped.nextOpening(from: evening, spring) == (try moment(15, 0, 0)))
        // Back again: the window is met on the clock as it then is.
        let autumn = LocalZone { $0 < change ? 3600 : 0 }
        #expect(morning.nextOpening(from: evening, autumn) == (try moment(14, 6, 0)))
    }

    @Test func `The machine's own clock can be read`() throws {
        let offset = LocalZone.system.offset(1_700_000_000)
        #expect((-86_400...86_400).contains(offset))
    }
}
