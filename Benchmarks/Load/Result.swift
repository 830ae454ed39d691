// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Locking
import Runtime

/// What one session, or all of them, did.
struct Tally: Sendable {
    var operations = 0
    var octets: UInt64 = 0
    var errors = 0
    var firstError: String?
    /// Of each operation.
    var microseconds: [UInt32] = []

    mutating func note(_ duration: Duration, octets: Int = 0) {
        operations += 1
        self.octets += UInt64(octets)
        let (seconds, attoseconds) = duration.components
        microseconds.append(UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
    }

    mutating func fail(_ what: String) {
        errors += 1
        firstError = firstError ?? what
    }

    mutating func add(_ other: Tally) {
        operations += other.operations
        octets += other.octets
        errors += other.errors
        firstError = firstError ?? other.firstError
        microseconds += other.microseconds
    }
}

/// The line of JSON.
struct LoadResult: Sendable {
    var tally: Tally
    /// Of the operations, all told.
    var seconds: Double
    var more: [(String, JSONValue)] = []

    func json(_ load: String) -> JSONValue {
        let sorted = tally.microseconds.sorted()
        func percentile(_ share: Double) -> JSONValue {
            guard !sorted.isEmpty else { return .null }
            return .number(Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000)
        }
        var members: [(String, JSONValue)] = [
            ("load", .string(load)), ("operations", .integer(Int64(tally.operations))), ("seconds", .number(seconds)),
            ("per_second", .number(Double(tally.operations) / max(seconds, 1e-9))),
            ("octets", .integer(Int64(clamping: tally.octets))),
            ("mb_per_second", .number(Double(tally.octets) / 1e6 / max(seconds, 1e-9))),
            ("p50_ms", percentile(0.5)), ("p95_ms", percentile(0.95)), ("p99_ms", percentile(0.99)),
            ("errors", .integer(Int64(tally.errors))), ("first_error", tally.firstError.map { .string($0) } ?? .null),
        ]
        members += more
        return .object(members.map { JSONMember($0.0, $0.1) })
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Holds sessions until all of them are open, so that opening is not measured with what they do.
final class Gate: Sendable {
    private let state = Lock((waiting: 0, opened: ContinuousClock.Instant?.none))
    private let count: Int

    init(_ count: Int) { self.count = count }

    var opened: ContinuousClock.Instant? { state.withLock { $0.opened } }

    func pass(_ loop: EventLoop) async throws {
        arrive()
        while opened == nil { try await loop.sleep(for: .milliseconds(1)) }
    }

    /// Also for a session that could not be opened: nobody waits for it.
    func arrive() {
        state.withLock { state in
            state.waiting += 1
            if state.waiting == count { state.opened = .now }
        }
    }
}

extension Load {
    /// Runs so many sessions side by side and adds up what they did.
    ///
    /// `open` is not measured; `work` begins when all are open.
    static func sessions<Session>(
        _ count: Int,
        _ loop: EventLoop,
        open: @escaping @Sendable (Int) async throws -> sending Session,
        work: @escaping @Sendable (Int, Session, inout Tally) async throws -> Void
    ) async -> (tally: Tally, begun: ContinuousClock.Instant) {
        let gate = Gate(count)
        let tally = await withTaskGroup(of: Tally.self) { group in
            for number in 0..<count {
                group.addTask(executorPreference: loop) { await one(number, gate, loop, open, work) }
            }
            var all = Tally()
            for await tally in group { all.add(tally) }
            return all
        }
        return (tally, gate.opened ?? .now)
    }

    private static func one<Session>(
        _ number: Int,
        _ gate: Gate,
        _ loop: EventLoop,
        _ open: @Sendable (Int) async throws -> sending Session,
        _ work: @Sendable (Int, Session, inout Tally) async throws -> Void
    ) async -> Tally {
        var tally = Tally()
        var hasArrived = false
        do {
            let session = try await open(number)
            hasArrived = true
            try await gate.pass(loop)
            try await work(number, session, &tally)
        } catch {
            if !hasArrived { gate.arrive() }
            tally.fail("session \(number): \(error)")
        }
        return tally
    }
}
