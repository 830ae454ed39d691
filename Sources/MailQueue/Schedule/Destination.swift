// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Messages that wait for the same next hop, and what has been learnt about it.
struct Destination: Sendable {
    /// First in, first out, with constant cost.
    struct Line: Sendable {
        private var items: [QueueID] = []
        private var first = 0

        var count: Int { items.count - first }

        mutating func append(_ id: QueueID) { items.append(id) }

        mutating func popFirst() -> QueueID? {
            guard first < items.count else { return nil }
            defer {
                first += 1
                if first == items.count {
                    items.removeAll(keepingCapacity: items.capacity < 1024)
                    first = 0
                } else if first > 4096 {
                    items.removeFirst(first)
                    first = 0
                }
            }
            return items[first]
        }
    }

    let name: String
    /// Recipients that have not come to an end.
    var recipients = 0
    /// Messages that may be sent now; one may be here twice, or not be sendable any more.
    private var lines = [Line](repeating: Line(), count: QueuePriority.allCases.count)
    /// Transactions under way.
    var active = 0
    /// How many there may be.
    var window: Int
    /// How many there may be at most; `nil`: as for all destinations.
    var ceiling: Int?
    /// For how long delivery is tried at most, in milliseconds; `nil`: as long as the message lives.
    var lifetime: Int64?
    /// Whether what waits for it may have to wait until somebody asks for it; `nil` when nobody knows.
    var isHeld: Bool?
    /// The hours at which what waits for it leaves; empty for any time.
    var hours = ""
    /// Failures in a row to reach it.
    var failures: UInt16 = 0
    /// It is left alone until then; 0 when it is not.
    var retryAt: Int64 = 0
    var lastFailure = ""
    var isInRotation = false
    /// When it last had something to do.
    var usedAt: Int64

    init(_ name: String, window: Int, at time: Int64) {
        self.name = name
        self.window = window
        usedAt = time
    }

    var ready: Int { lines.reduce(0) { $0 + $1.count } }

    mutating func add(_ id: QueueID, _ priority: QueuePriority) { lines[Int(priority.rawValue)].append(id) }

    /// The next message, urgent ones first.
    mutating func popFirst() -> QueueID? {
        for index in lines.indices.reversed() {
            if let id = lines[index].popFirst() { return id }
        }
        return nil
    }

    /// A transaction went through.
    ///
    /// The window opens by one each time, which doubles it with each round.
    mutating func succeeded(maximum: Int) {
        (failures, retryAt) = (0, 0)
        lastFailure = ""
        window = min(max(1, maximum), window &+ 1)
    }

    /// Nobody could be talked to.
    ///
    /// True when it is a new failure: those of transactions that were begun before the last one add nothing.
    mutating func failed(_ reason: String, begun: Int64, at now: Int64, retryAfter: (UInt16) -> Int64) -> Bool {
        lastFailure = reason
        guard retryAt <= begun else { return false }
        failures = failures == .max ? .max : failures + 1
        retryAt = now &+ retryAfter(failures)
        window = 1
        return true
    }
}

/// Destinations by name and number; numbers are used again.
struct DestinationTable: Sendable {
    private(set) var all: [Destination] = []
    private var numbers: [String: UInt32] = [:]
    private var free: [UInt32] = []
    /// Of which nobody has said yet what holds for them.
    private var fresh: [UInt32] = []

    subscript(number: UInt32) -> Destination {
        get { all[Int(number)] }
        _modify { yield &all[Int(number)] }
    }

    /// As `self[number].lifetime`, without a copy of all the rest.
    func lifetime(of number: UInt32) -> Int64? { all[Int(number)].lifetime }

    var count: Int { numbers.count }
    var inUse: [UInt32] { Array(numbers.values) }

    func number(of name: String) -> UInt32? { numbers[name] }

    mutating func intern(_ name: String, window: Int, at time: Int64) -> UInt32 {
        if let known = numbers[name] { return known }
        let destination = Destination(name, window: window, at: time)
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            all[Int(reused)] = destination
        } else {
            number = UInt32(all.count)
            all.append(destination)
        }
        numbers[name] = number
        fresh.append(number)
        return number
    }

    /// Destinations that are new since this was asked last.
    mutating func takeFresh() -> [UInt32] {
        guard !fresh.isEmpty else { return [] }
        defer { fresh = [] }
        return fresh
    }

    /// Forgets destinations that have had nothing to do since `time`.
    mutating func sweep(unusedSince time: Int64) {
        for (name, number) in numbers {
            let destination = all[Int(number)]
            guard destination.recipients == 0, destination.active == 0, !destination.isInRotation,
                destination.usedAt < time, destination.retryAt < time
            else { continue }
            numbers[name] = nil
            free.append(number)
        }
    }
}
