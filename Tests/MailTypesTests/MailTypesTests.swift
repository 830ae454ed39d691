// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

private let sets: [(a: [ClosedRange<UInt32>], b: [ClosedRange<UInt32>], common: String, rest: String)] = [
    ([], [1...3], "", ""), ([1...3], [], "", "1:3"), ([1...10], [3...4, 6...6], "3:4,6", "1:2,5,7:10"),
    ([2...4, 8...9], [1...8], "2:4,8", "9"),
    ([1...UInt32.max], [UInt32.max...UInt32.max], "4294967295", "1:4294967294"),
    ([5...6, 7...9, 20...30], [8...25], "8:9,20:25", "5:7,26:30"), ([1...2], [1...UInt32.max], "1:2", ""),
]

@Test(arguments: [Int64.min, -62_167_219_200, -1, 0, 253_402_300_799, .max], [Int16.min, -1439, 0, 1439, .max])
func everyMomentHasADate(seconds: Int64, zone: Int16) {
    let date = MailDate(secondsSince1970: seconds, zoneMinutes: zone)
    let fields = date.fields
    #expect((0...9999).contains(fields.year) && (1...12).contains(fields.month) && (0...23).contains(fields.hour))
    #expect((1...MailDate.days(inMonth: fields.month, of: fields.year)).contains(fields.day))
    #expect(date.internalDateText.utf8.count == 26)
    #expect(MailDate(secondsSince1970: date.secondsSince1970, zoneMinutes: date.zoneMinutes) == date)
}

@Test(arguments: sets.indices)
func intersectsAndSubtractsSets(index: Int) {
    let (a, b) = (UIDSet(sets[index].a), UIDSet(sets[index].b))
    #expect(a.intersection(b).description == sets[index].common)
    #expect(b.intersection(a).description == sets[index].common)
    #expect(a.subtracting(b).description == sets[index].rest)
}

@Test(
    arguments: [
        ([], 3, ""), ([1...10], 0, ""), ([1...10], -1, ""), ([1...10], 3, "8:10"), ([1...10], 10, "1:10"),
        ([1...4, 7...7, 9...12], 5, "7,9:12"), ([1...4, 7...7, 9...12], 6, "4,7,9:12"), ([2...3], .max, "2:3"),
        ([1...UInt32.max], 1, "4294967295"), ([0...UInt32.max], .max, "0:4294967295"),
    ] as [([ClosedRange<UInt32>], Int, String)]
)
func takesTheGreatestOfASet(ranges: [ClosedRange<UInt32>], count: Int, greatest: String) {
    let taken = UIDSet(ranges).greatest(count)
    #expect(taken.description == greatest)
    #expect(taken.least?.rawValue == taken.ranges.first?.lowerBound)
}

@Test func makesUIDsAsTheyAreRead() {
    let first = UIDSet([1...UInt32.max]).uids.first { _ in true }
    #expect(first == UID(1))
    let all = UIDSet([1...2, 5...5, (UInt32.max - 1)...UInt32.max]).uids.map(\.rawValue)
    #expect(all == [1, 2, 5, .max - 1, .max])
    #expect(UIDSet().uids.map(\.rawValue) == [])
}
