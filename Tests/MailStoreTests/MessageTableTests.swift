// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

@testable import MailStore

@Suite("Messages of a mailbox, in leaves")
struct MessageTableTests {
    private func entry(_ uid: Int) -> MessageEntry { entry(uid, isSeen: false) }

    private func entry(_ uid: Int, isSeen: Bool) -> MessageEntry {
        MessageEntry(
            uid: UID(UInt32(uid)),
            systemFlags: isSeen ? [.seen] : [],
            keywordBits: 0,
            internalDate: MailDate(secondsSince1970: Int64(uid)),
            savedSeconds: 0,
            size: UInt64(uid),
            modSeq: ModSeq(UInt64(uid)),
            body: BodyReference(segment: 1, offset: UInt64(uid))
        )
    }

    /// As a whole, by number and in slices.
    private func expect(_ table: MessageTable, is array: [MessageEntry], _ why: Comment) {
        #expect(table.count == array.count, why)
        #expect(Array(table) == array, why)
        #expect(table.indices.map { table[$0] } == array, why)
        #expect(table.last == array.last && table.first == array.first, why)
        let half = array.count / 2
        #expect(Array(table[half...]) == Array(array[half...]), why)
        #expect(table == MessageTable(array), why)
        #expect(table.firstUnseen == array.firstIndex { !$0.systemFlags.contains(.seen) }, why)
    }

    @Test("Any changes leave what they leave in an array, and earlier values stay as they were")
    func asAnArray() {
        var generator = SystemRandomNumberGenerator()
        for seed in 0..<30 {
            var table = MessageTable()
            var array: [MessageEntry] = []
            var (kept, keptArray) = (table, array)
            for step in 0..<60 {
                let size = [1, 40, 700].randomElement(using: &generator)!
                switch Int.random(in: 0..<6, using: &generator) {
                case 0, 1:
                    for number in 0..<size {
                        let entry = entry(number, isSeen: .random(using: &generator))
                        table.append(entry)
                        array.append(entry)
                    }
                case 2:
                    for number in 0..<min(size, 40) {
                        let place = Int.random(in: 0...array.count, using: &generator)
                        let entry = entry(number, isSeen: .random(using: &generator))
                        table.insert(entry, at: place)
                        array.insert(entry, at: place)
                    }
                case 3:
                    let share = [0.01, 0.5, 0.99].randomElement(using: &generator)!
                    let places = array.indices.filter { _ in Double.random(in: 0..<1, using: &generator) < share }
                    table.remove(at: places)
                    for place in places.reversed() { array.remove(at: place) }
                case 4:
                    for place in array.indices where place % 7 == step % 7 {
                        table[place].modSeq = ModSeq(UInt64(step))
                        array[place].modSeq = ModSeq(UInt64(step))
                    }
                    // All but a few, so that the first of the others may be anywhere.
                    for place in array.indices {
                        let flags: SystemFlags = Int.random(in: 0..<400, using: &generator) == 0 ? [] : [.seen]
                        table[place].systemFlags = flags
                        array[place].systemFlags = flags
                    }
                default:
                    expect(kept, is: keptArray, "what was kept in round \(seed), step \(step)")
                    (kept, keptArray) = (table, array)
                }
            }
            expect(table, is: array, "round \(seed)")
            #expect(table.hashValue == MessageTable(array).hashValue)
        }
    }

    @Test("All of many messages can go, one at a time, and leave nothing")
    func emptying() {
        var table = MessageTable((0..<2000).map(entry))
        while !table.isEmpty { table.remove(at: [table.count / 3]) }
        #expect(table == [])
        table.append(entry(1))
        #expect(table.map(\.uid) == [UID(1)])
    }

    /// 100,000 messages are 9.6 MB; ten thousand copies of that would take twenty seconds.
    @Test("A change while another holds the messages does not copy them all")
    func sharing() {
        var table = MessageTable((1...100_000).map(entry))
        let begun = ContinuousClock.now
        var kept = table
        for number in 0..<5000 {
            table.append(entry(100_001 + number))
            table[number * 20].modSeq = ModSeq(7)
            kept = table
        }
        let spent = ContinuousClock.now - begun
        #expect(kept.count == 105_000)
        #expect(spent < .seconds(8), "5000 changes took \(spent)")
    }
}
