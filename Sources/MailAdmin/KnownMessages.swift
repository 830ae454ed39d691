// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes

/// The messages that a mailbox had when an import into it began: each stands for one message of the source.
///
/// 25 octets a message, and 40 more for each of those that agree in size and date with many. Digests are read when size
/// and date agree, so that what is compared is the content and not a part of its digest.
struct KnownMessages {
    private struct Known {
        var key: UInt64
        var body: BodyReference
    }

    /// Up to so many that agree in size and date are looked at one after the other.
    private static let few = 8

    private let account: any MailAccount
    /// By ascending key.
    private let known: [Known]
    /// Of few that agree.
    private var isTaken: [Bool]
    /// Of many that agree, by key.
    private var alike: [UInt64: AlikeMessages] = [:]

    init(_ account: any MailAccount, _ name: MailboxName) async throws(MailStoreError) {
        self.account = account
        let snapshot = try await account.snapshot(of: name)
        known = snapshot.messages.map { Known(key: Self.key($0.size, $0.internalSeconds), body: $0.body) }
            .sorted { $0.key < $1.key }
        isTaken = [Bool](repeating: false, count: known.count)
    }

    /// Mixed so that neighbours in size and time lie apart.
    private static func key(_ size: UInt64, _ seconds: Int64) -> UInt64 {
        var key = size &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: seconds) &* 0xC2B2_AE3D_27D4_EB4F
        key ^= key >> 29
        return key &* 0xBF58_476D_1CE4_E5B9
    }

    /// Whether the mailbox has this message; then it has been found once and is not found again, so that a message that
    /// is twice in the source is twice in the mailbox.
    mutating func take(size: UInt64, date: MailDate, sha256: [UInt8]) async throws(MailStoreError) -> Bool {
        let key = Self.key(size, date.secondsSince1970)
        let first = known.firstPlace { $0.key >= key }
        let end = known.firstPlace { $0.key > key }
        let agreeing = first..<end
        guard agreeing.count <= Self.few else { return try await take(sha256, of: agreeing, key, size, date) }
        for place in agreeing where !isTaken[place] {
            guard try await digest(known[place], size, date) == sha256 else { continue }
            isTaken[place] = true
            return true
        }
        return false
    }

    /// The digests of all that agree are read once: were each message of the source compared with each of them, the time
    /// would grow with the square of their number.
    private mutating func take(
        _ sha256: [UInt8],
        of agreeing: Range<Int>,
        _ key: UInt64,
        _ size: UInt64,
        _ date: MailDate
    ) async throws(MailStoreError) -> Bool {
        if alike[key] == nil {
            var digests: [MessageDigest] = []
            digests.reserveCapacity(agreeing.count)
            for place in agreeing {
                if let digest = try await digest(known[place], size, date) { digests.append(MessageDigest(digest)) }
            }
            alike[key] = AlikeMessages(digests)
        }
        return alike[key]?.take(MessageDigest(sha256)) ?? false
    }

    private func digest(_ known: Known, _ size: UInt64, _ date: MailDate) async throws(MailStoreError) -> [UInt8]? {
        let entry = MessageEntry(
            uid: UID(1),
            systemFlags: [],
            keywordBits: 0,
            internalDate: date,
            savedSeconds: 0,
            size: size,
            modSeq: .zero,
            body: known.body
        )
        do throws(MailStoreError) { return try await account.digest(of: entry) } catch {
            // A damaged one does not stand for a whole one.
            guard error.code == .damaged else { throw error }
            return nil
        }
    }
}

/// Messages of one size and date.
private struct AlikeMessages {
    /// Ascending.
    private let digests: [MessageDigest]
    /// How many of a run of equal digests were taken; at the first of the run.
    private var taken: [Int]

    init(_ digests: [MessageDigest]) {
        self.digests = digests.sorted()
        taken = [Int](repeating: 0, count: digests.count)
    }

    mutating func take(_ digest: MessageDigest) -> Bool {
        let first = digests.firstPlace { $0 >= digest }
        guard first < digests.count else { return false }
        let next = first + taken[first]
        guard next < digests.count, digests[next] == digest else { return false }
        taken[first] += 1
        return true
    }
}

/// A SHA-256, as numbers.
private struct MessageDigest: Comparable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// What is missing of 32 octets counts as zeros.
    init(_ octets: [UInt8]) {
        let word = { (start: Int) -> UInt64 in
            octets.dropFirst(start).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        words = (word(0), word(8), word(16), word(24))
    }

    static func == (a: Self, b: Self) -> Bool { a.words == b.words }
    static func < (a: Self, b: Self) -> Bool { a.words < b.words }
}

extension RandomAccessCollection where Index == Int {
    /// The first place at which `isReached` holds, as it then does at all behind it; `endIndex` when there is none.
    fileprivate func firstPlace(_ isReached: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isReached(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
