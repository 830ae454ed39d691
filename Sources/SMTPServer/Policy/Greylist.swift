// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Locking
package import Runtime

/// Remembers who has tried to send mail to whom: strangers are put off once, and taken when they try again
/// (RFC 6647).
///
/// From any thread. Addresses are held as digests. Memory is bounded: of more than `maximumEntries`, those go first
/// whose time is over, then those who have not come back.
package final class Greylist: Sendable {
    package static let maximumEntries = 200_000
    /// Who does not come back within this is a stranger again.
    package static let longestWait: Int64 = 2 * 86_400

    private struct Entry: Sendable, Hashable {
        /// Seconds since 1970.
        var first: UInt32
        var last: UInt32
        var hasPassed: Bool
    }

    private struct State {
        var entries: [UInt128: Entry] = [:]
        var isChanged = false
    }

    private let state = Lock(State())
    private let clock: @Sendable () -> Int64

    /// - Parameter clock: seconds since 1970.
    package init(clock: @escaping @Sendable () -> Int64 = { WallClock.seconds }) { self.clock = clock }

    package var count: Int { state.withLock { $0.entries.count } }

    /// Seconds until mail from this network, sender and to this recipient is taken; `nil` when it is now.
    ///
    /// - Parameters:
    ///   - delay: how long strangers are put off.
    ///   - retention: for how long who has passed is no stranger.
    package func wait(
        _ peer: SocketAddress,
        from sender: String,
        to recipient: String,
        delay: Duration,
        retention: Duration
    ) -> Int? {
        guard let network = RateLimiter.Subject(networkOf: peer) else { return nil }
        let key = Self.key("\(network) \(ASCII.lowercased(sender)) \(ASCII.lowercased(recipient))")
        let now = UInt32(clamping: clock())
        let (delay, retention) = (delay.components.seconds, retention.components.seconds)
        return state.withLock { state in
            state.isChanged = true
            guard var entry = state.entries[key], Self.isKept(entry, now, retention) else {
                if state.entries[key] == nil, state.entries.count >= Self.maximumEntries {
                    Self.makeRoom(&state.entries, now, retention)
                }
                state.entries[key] = Entry(first: now, last: now, hasPassed: delay == 0)
                return delay == 0 ? nil : Int(delay)
            }
            let left = entry.hasPassed ? 0 : delay - (Int64(now) - Int64(entry.first))
            entry.last = now
            entry.hasPassed = left <= 0
            state.entries[key] = entry
            return left <= 0 ? nil : Int(left)
        }
    }

    private static func isKept(_ entry: Entry, _ now: UInt32, _ retention: Int64) -> Bool {
        // A clock that was set back makes nobody a stranger.
        let age = Int64(now) - Int64(entry.hasPassed ? entry.last : entry.first)
        return age < (entry.hasPassed ? retention : longestWait)
    }

    private static func makeRoom(_ entries: inout [UInt128: Entry], _ now: UInt32, _ retention: Int64) {
        entries = entries.filter { isKept($0.value, now, retention) }
        guard entries.count >= maximumEntries else { return }
        let strangers = entries.lazy.filter { !$0.value.hasPassed }.map(\.key).prefix(maximumEntries / 4)
        let victims = Array(strangers)
        for key in victims.isEmpty ? Array(entries.keys.prefix(maximumEntries / 8)) : victims { entries[key] = nil }
    }

    private static func key(_ text: String) -> UInt128 {
        Digest.sha256(Array(text.utf8)).prefix(16).reduce(0) { $0 << 8 | UInt128($1) }
    }

    // MARK: Over a restart

    private static let magic: UInt64 = 0x4D41_5247_5245_5901
    private static let entryOctets = 25

    /// All of it in octets, when it has changed since the last time.
    package func changed() -> [UInt8]? {
        state.withLock { state in
            guard state.isChanged else { return nil }
            state.isChanged = false
            var writer = ByteWriter(reserving: 16 + state.entries.count * Self.entryOctets)
            writer.integer(Self.magic)
            for (key, entry) in state.entries {
                writer.integer(key)
                writer.integer(entry.first)
                writer.integer(entry.last)
                writer.integer(UInt8(entry.hasPassed ? 1 : 0))
            }
            writer.integer(CRC32C.of(writer.bytes))
            return writer.bytes
        }
    }

    /// Takes in what `changed` gave; false when it is not that, and then nothing is taken.
    package func restore(_ octets: [UInt8]) -> Bool {
        let content = octets.dropLast(4)
        guard octets.count >= 12, (content.count - 8).isMultiple(of: Self.entryOctets),
            content.count <= 8 + Self.entryOctets * Self.maximumEntries
        else { return false }
        var entries: [UInt128: Entry] = [:]
        do throws(ByteReaderError) {
            var tail = ByteReader(Array(octets.suffix(4)))
            guard try tail.integer(UInt32.self) == CRC32C.of(Array(content)) else { return false }
            var reader = ByteReader(Array(content))
            guard try reader.integer(UInt64.self) == Self.magic else { return false }
            while reader.remaining > 0 {
                let key: UInt128 = try reader.integer()
                let (first, last): (UInt32, UInt32) = (try reader.integer(), try reader.integer())
                entries[key] = Entry(first: first, last: last, hasPassed: try reader.integer(UInt8.self) == 1)
            }
        } catch {
            return false
        }
        let restored = entries
        state.withLock { $0.entries = restored }
        return true
    }
}
