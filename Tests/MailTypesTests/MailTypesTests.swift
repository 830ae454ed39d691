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

@Test(arguments: sets.indices)
func intersectsAndSubtractsSets(index: Int) {
    let (a, b) = (UIDSet(sets[index].a), UIDSet(sets[index].b))
    #expect(a.intersection(b).description == sets[index].common)
    #expect(b.intersection(a).description == sets[index].common)
    #expect(a.subtracting(b).description == sets[index].rest)
}
