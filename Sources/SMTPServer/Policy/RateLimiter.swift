// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
package import Runtime

/// Counts what clients do, in token buckets: each holds as many tokens as its limit allows in a span of time, and fills
/// at the same pace.
///
/// All workers that share the memory count together.
///
/// The time at which it is full is all there is to a bucket: whoever takes tokens puts it off by as long as they take
/// to come in, and there are enough while it is no more than the limit's whole span away.
///
/// From any thread, and waits for nobody. Memory is bounded: where too many buckets come together, one that is full
/// goes, which changes nothing, else the one that is so first.
package final class RateLimiter: Sendable {
    /// What is counted.
    package enum Matter: String, Sendable, Hashable {
        case connections
        case messages
        case recipients
        case unknownRecipients = "unknown recipients"
    }

    /// Of whom.
    package enum Subject: Sendable, Hashable, CustomStringConvertible {
        /// 32 or 128 bits of an address, with the number of bits that count.
        case network(UInt128, bits: UInt8)
        case account(UInt64)

        package var description: String {
            switch self {
            case .network(let value, let bits): "network \(value)/\(bits)"
            case .account(let number): "account \(number)"
            }
        }

        /// One address.
        package init?(address: SocketAddress) { self.init(address, 32, 128) }
        /// What one customer of a provider has: 256 addresses of IPv4, a /64 of IPv6.
        package init?(networkOf address: SocketAddress) { self.init(address, 24, 64) }

        private init?(_ address: SocketAddress, _ bits4: Int, _ bits6: Int) {
            switch address {
            case .ipv4(let value, _): self = .network(UInt128(value) >> UInt128(32 - bits4), bits: UInt8(bits4))
            case .ipv6(let value, _): self = .network(value >> UInt128(128 - bits6), bits: UInt8(bits6))
            case .unix: return nil
            }
        }
    }

    package static let slots = 1 << 17

    /// Keys are matters, subjects and listeners; words are the times, in nanoseconds, at which buckets are full.
    private let table: SharedTable?
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - table: of `slots`, for workers that count together; without one, this process counts for itself. Where there
    ///     is no memory for that either, nothing is limited.
    ///   - clock: milliseconds that only go up, alike in all processes of the machine.
    package init(
        _ table: SharedTable? = SharedTable(slots: RateLimiter.slots),
        clock: @escaping @Sendable () -> Int64 = { CLinux_monotonic_time() / 1_000_000 }
    ) {
        self.table = table
        self.clock = clock
    }

    /// Takes tokens; when there are not enough, says after how many seconds there are.
    ///
    /// More at a time than the limit allows in all are taken as the whole of it.
    package func take(
        _ matter: Matter,
        of subject: Subject?,
        _ instance: String,
        _ limit: RateLimit,
        amount: Int = 1
    ) -> Int? {
        guard let count = limit.count, let subject, let table else { return nil }
        let span = UInt64(clamping: max(1, limit.window.components.seconds)) &* Self.nanoseconds
        let share = Double(min(max(0, amount), count)) / Double(max(1, count))
        let cost = min(UInt64(Double(span) * share), span)
        let now = now
        let missing: UInt64? = table.change(Self.key("\(matter.rawValue) \(subject) \(instance)")) { old in
            // No further off than an empty bucket of this limit: limits change, and memory may be damaged.
            let fullAt = min(max(old, now), now &+ span) &+ cost
            guard fullAt <= now &+ span else { return (old, fullAt - now - span) }
            return (fullAt, nil)
        }
        return missing.map { Int(clamping: max(1, ($0 &+ Self.nanoseconds - 1) / Self.nanoseconds)) }
    }

    /// Buckets that are not full.
    package var count: Int {
        let now = now
        var count = 0
        table?.forEach { _, fullAt in count += fullAt > now ? 1 : 0 }
        return count
    }

    private static let nanoseconds: UInt64 = 1_000_000_000

    private var now: UInt64 { UInt64(clamping: clock()) &* 1_000_000 }

    /// The same in every process.
    private static func key(_ text: String) -> UInt64 {
        Digest.sha256(Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
