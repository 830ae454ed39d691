// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Something that happens at a time.
struct QueueTimer: Sendable, Hashable {
    var time: Int64
    /// 0 for a timer of a destination.
    var id: QueueID
    /// `TimerHeap.message` for a timer of a message as a whole.
    var destination: UInt32
}

/// Timers by time, the earliest first; a binary heap.
///
/// Timers are never taken out before their time: who meets one asks whether it still means anything.
struct TimerHeap: Sendable {
    static let message = UInt32.max
    private var items: [QueueTimer] = []

    var count: Int { items.count }
    var first: QueueTimer? { items.first }

    mutating func add(_ timer: QueueTimer) {
        items.append(timer)
        var index = items.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard items[index].time < items[parent].time else { return }
            items.swapAt(index, parent)
            index = parent
        }
    }

    /// Adds many at once, at a constant cost for each.
    mutating func add(contentsOf timers: [QueueTimer]) {
        items += timers
        for index in stride(from: items.count / 2 - 1, through: 0, by: -1) { sink(index) }
    }

    /// The first timer, when its time has come.
    mutating func popFirst(upTo now: Int64) -> QueueTimer? {
        guard let first = items.first, first.time <= now else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        sink(0)
        return first
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            let (left, right) = (2 * index + 1, 2 * index + 2)
            if left < items.count, items[left].time < items[smallest].time { smallest = left }
            if right < items.count, items[right].time < items[smallest].time { smallest = right }
            guard smallest != index else { return }
            items.swapAt(index, smallest)
            index = smallest
        }
    }
}
