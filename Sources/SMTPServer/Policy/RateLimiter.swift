// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import Runtime

/// Counts what clients do, in token buckets: each holds as many tokens as its limit allows in a span of time, and fills
/// at the same pace.
///
/// From any thread. Memory is bounded: of more than `maximumBuckets`, those that are full again go first, which changes
/// nothing; then any.
package final class RateLimiter: Sendable {
    /// What is counted.
    package enum Matter: String, Sendable, Hashable {
        case connections
        case messages
        case recipients
        case unknownRecipients = "unknown recipients"
    }

    /// Of whom.
    package enum Subject: Sendable, Hashable {
        /// 32 or 128 bits of an address, with the number of bits that count.
        case network(UInt128, bits: UInt8)
        case account(UInt64)

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

    private struct Key: Hashable {
        var matter: Matter
        var subject: Subject
        /// Listeners have limits of their own.
        var instance: String
    }

    private struct Bucket {
        /// Thousandths of a token.
        var level: Int64
        /// What came in beyond that: parts of a thousandth, of which the window in milliseconds makes one.
        ///
        /// Who asks more often than one thousandth comes in would else never see the level rise.
        var rest: Int64 = 0
        /// Milliseconds.
        var time: Int64
        /// When it is full again.
        var fullAt: Int64
    }

    package static let maximumBuckets = 100_000

    private let buckets = Lock<[Key: Bucket]>([:])
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: milliseconds that only go up.
    package init(clock: @escaping @Sendable () -> Int64 = { RateLimiter.steadyMilliseconds }) { self.clock = clock }

    private static let start = ContinuousClock.now
    private static var steadyMilliseconds: Int64 {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
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
        guard let count = limit.count, let subject else { return nil }
        let now = clock()
        let capacity = Int64(count) * 1000
        let window = max(1, limit.window.components.seconds * 1000)
        let wanted = min(Int64(clamping: amount) * 1000, capacity)
        let key = Key(matter: matter, subject: subject, instance: instance)
        return buckets.withLock { buckets in
            var bucket = buckets[key] ?? Bucket(level: capacity, time: now, fullAt: now)
            Self.fill(&bucket, capacity, window, now)
            let missing = wanted - bucket.level
            if missing <= 0 { bucket.level -= wanted }
            bucket.fullAt = now &+ Self.time(for: capacity - bucket.level, capacity, window)
            if buckets[key] == nil, buckets.count >= Self.maximumBuckets { Self.makeRoom(&buckets, now) }
            buckets[key] = bucket
            return missing <= 0 ? nil : Int(clamping: max(1, (Self.time(for: missing, capacity, window) + 999) / 1000))
        }
    }

    /// Buckets that are held.
    package var count: Int { buckets.withLock { $0.count } }

    private static func fill(_ bucket: inout Bucket, _ capacity: Int64, _ window: Int64, _ now: Int64) {
        let elapsed = min(max(0, now - bucket.time), window)
        // At most 10^12 thousandths, 31 days.
        let parts = Int128(capacity) * Int128(elapsed) + Int128(bucket.rest)
        bucket.level += Int64(clamping: parts / Int128(window))
        bucket.rest = Int64(clamping: parts % Int128(window))
        if bucket.level >= capacity { (bucket.level, bucket.rest) = (capacity, 0) }
        bucket.time = now
    }

    /// Milliseconds in which so much comes in.
    private static func time(for amount: Int64, _ capacity: Int64, _ window: Int64) -> Int64 {
        Int64((Double(amount) * Double(window) / Double(capacity)).rounded(.up))
    }

    private static func makeRoom(_ buckets: inout [Key: Bucket], _ now: Int64) {
        buckets = buckets.filter { $0.value.fullAt > now }
        guard buckets.count >= maximumBuckets else { return }
        for key in buckets.keys.prefix(maximumBuckets / 4) { buckets[key] = nil }
    }
}
