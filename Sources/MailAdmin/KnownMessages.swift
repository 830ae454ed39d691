// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes

/// The messages that a mailbox had when an import into it began: each stands for one message of the source.
///
/// 25 octets a message. Digests are read when size and date agree, so that what is compared is the content and not a
/// part of its digest.
struct KnownMessages {
    private struct Known {
        var key: UInt64
        var body: BodyReference
    }

    private let account: any MailAccount
    /// By ascending key.
    private let known: [Known]
    private var isTaken: [Bool]

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
        var (low, high) = (0, known.count)
        while low < high {
            let middle = (low + high) / 2
            if known[middle].key < key { low = middle + 1 } else { high = middle }
        }
        while low < known.count, known[low].key == key {
            if !isTaken[low], try await digest(known[low], size, date) == sha256 {
                isTaken[low] = true
                return true
            }
            low += 1
        }
        return false
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
