// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Runtime

/// Remembers who has tried to send mail to whom: strangers are put off once, and taken when they try again (RFC 6647).
///
/// All workers that share the memory know the same.
///
/// From any thread, and waits for nobody. Addresses are held as digests. Memory is bounded: where too many come
/// together, the stranger goes who was put off longest ago; where there is none, who was not heard of for longest.
package final class Greylist: Sendable {
    package static let slots = 1 << 18
    /// Who does not come back within this is a stranger again.
    package static let longestWait: Int64 = 2 * 86_400

    /// Keys are digests of network, sender and recipient.
    private let table: SharedTable?
    private let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - table: of `slots`, for workers that know the same. Where there is none, nobody is put off.
    ///   - clock: seconds since 1970.
    package init(
        _ table: SharedTable? = SharedTable(slots: Greylist.slots),
        clock: @escaping @Sendable () -> Int64 = { WallClock.seconds }
    ) {
        self.table = table
        self.clock = clock
    }

    package var count: Int {
        var count = 0
        table?.forEach { _, _ in count += 1 }
        return count
    }

    /// Goes up with what is learned.
    package var changes: UInt64 { table?.changes ?? 0 }

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
        guard let table, let network = RateLimiter.Subject(networkOf: peer) else { return nil }
        let key = Self.key("\(network) \(ASCII.lowercased(sender)) \(ASCII.lowercased(recipient))")
        let now = clock()
        let (delay, retention) = (delay.components.seconds, retention.components.seconds)
        return table.change(key) { word in
            let known = GreylistEntry(word: word)
            // A clock that was set back makes nobody a stranger, and lets nobody wait for longer.
            let isKept = known.map { now - $0.time < ($0.hasPassed ? retention : Self.longestWait) } ?? false
            let first = known.map { isKept ? min($0.time, now) : now } ?? now
            let left = known?.hasPassed == true && isKept ? 0 : delay - (now - first)
            let entry = GreylistEntry(time: left <= 0 ? now : first, hasPassed: left <= 0)
            return (entry.word, left <= 0 ? nil : Int(left))
        }
    }

    private static func key(_ text: String) -> UInt64 {
        Digest.sha256(Array(text.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: Over a restart

    private static let magic: UInt64 = 0x4D41_5247_5245_5902
    private static let entryOctets = 16

    /// All that is known, in octets, without strangers whose time is over.
    ///
    /// Takes some milliseconds: not on a loop.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter(reserving: 16)
        writer.integer(Self.magic)
        let oldest = clock() - Self.longestWait
        table?.forEach { key, word in
            guard let entry = GreylistEntry(word: word), entry.hasPassed || entry.time > oldest else { return }
            writer.integer(key)
            writer.integer(word)
        }
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    /// Takes in what `encoded` gave, beside what is known; false when it is not that, and then nothing is taken.
    ///
    /// Takes some milliseconds: not on a loop.
    package func restore(_ octets: [UInt8]) -> Bool {
        let content = Array(octets.dropLast(4))
        guard let table, octets.count >= 12, (content.count - 8).isMultiple(of: Self.entryOctets),
            content.count <= 8 + Self.entryOctets * table.slots
        else { return false }
        do throws(ByteReaderError) {
            var tail = ByteReader(Array(octets.suffix(4)))
            guard try tail.integer(UInt32.self) == CRC32C.of(content) else { return false }
            var reader = ByteReader(content)
            guard try reader.integer(UInt64.self) == Self.magic else { return false }
            while reader.remaining > 0 {
                let (key, word): (UInt64, UInt64) = (try reader.integer(), try reader.integer())
                guard let entry = GreylistEntry(word: word) else { continue }
                table.change(key) { (GreylistEntry(word: $0)?.joined(with: entry).word ?? entry.word, ()) }
            }
        } catch {
            return false
        }
        return true
    }
}

/// What is known of one sender, client and recipient, in one word: of two such words the larger one says more.
struct GreylistEntry: Equatable {
    /// Seconds since 1970: of the last message of who has passed, of the first try of who has not.
    var time: Int64
    var hasPassed: Bool

    private static let passed: UInt64 = 1 << 40

    init(time: Int64, hasPassed: Bool) {
        self.time = time
        self.hasPassed = hasPassed
    }

    /// `nil` for a word of 0.
    init?(word: UInt64) {
        guard word != 0 else { return nil }
        time = Int64(word & (Self.passed - 1))
        hasPassed = word & Self.passed != 0
    }

    /// Never 0.
    var word: UInt64 { max(1, min(UInt64(clamping: time), Self.passed - 1)) | (hasPassed ? Self.passed : 0) }

    /// Who has passed has passed, and was heard of last; who was put off has waited since the first time.
    func joined(with other: GreylistEntry) -> GreylistEntry {
        guard hasPassed == other.hasPassed else { return hasPassed ? self : other }
        return GreylistEntry(time: hasPassed ? max(time, other.time) : min(time, other.time), hasPassed: hasPassed)
    }
}
