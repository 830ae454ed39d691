// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

// Numbers that may have been given by records that are lost.

extension AccountState {
    /// The rest is for what is still to come.
    private static let largestModSeq: UInt64 = 1 << 62
    private static let largestMailboxID: UInt64 = 1 << 31

    /// Passes over numbers that records lost at this place may have given.
    ///
    /// A mailbox that would run out of UIDs becomes another one, with a UIDVALIDITY of its own; nothing else changes: what
    /// follows may have been there before the loss, and known to clients as it is.
    mutating func passOver(_ skipped: NumbersSkipped) {
        guard !isRemoved else { return }
        highestModSeq = modSeq(after: skipped)
        skipMailboxIDs(skipped)
        for id in mailboxes.keys.sorted() where mailboxes[id]?.skipUIDs(skipped.uids) == false {
            lastUIDValidity = max(lastUIDValidity &+ 1, UInt32(clamping: skipped.seconds), 1)
            mailboxes[id]?.uidValidity = UIDValidity(lastUIDValidity)
        }
    }

    /// As `passOver`, of what was lost before this place and is not followed by anything that clients know: all that a
    /// client was told of this account may be of the time after what is left.
    ///
    /// So every message counts as changed, every UID that is not there as expunged, and no view of the past can be
    /// rebuilt.
    mutating func apply(_ skipped: NumbersSkipped) {
        guard !isRemoved else { return }
        passOver(skipped)
        for id in mailboxes.keys { mailboxes[id]?.forgetPast(at: highestModSeq, seconds: skipped.seconds) }
    }

    private func modSeq(after skipped: NumbersSkipped) -> ModSeq {
        let next = highestModSeq.rawValue &+ skipped.modSeqs
        return next > highestModSeq.rawValue && next <= Self.largestModSeq ? ModSeq(next) : highestModSeq
    }

    private mutating func skipMailboxIDs(_ skipped: NumbersSkipped) {
        let next = UInt64(nextMailboxID) + skipped.mailboxes
        if next <= Self.largestMailboxID { nextMailboxID = UInt32(next) }
    }
}

extension MailboxState {
    /// So many UIDs are left for messages, at least: a mailbox is not closed by what is lost.
    private static let keptUIDs: UInt64 = 1 << 28

    /// False when the mailbox has too few UIDs for that; then none is passed over.
    mutating func skipUIDs(_ count: UInt64) -> Bool {
        let (next, isBeyond) = uidNext.addingReportingOverflow(count)
        guard !isBeyond, next <= UInt64(UInt32.max) - Self.keptUIDs else { return false }
        uidNext = next
        return true
    }

    /// Whatever a client knows of an earlier moment is not to be relied upon.
    mutating func forgetPast(at modSeq: ModSeq, seconds: Int64) {
        for place in messages.indices { messages[place].modSeq = modSeq }
        touch(modSeq)
        let given = uidNext > 1 ? UIDSet([1...UInt32(clamping: uidNext - 1)]) : UIDSet()
        let absent = given.subtracting(UIDSet(ascending: messages.lazy.map(\.uid)))
        let entry = VanishedLog.Entry(modSeq: modSeq, uids: absent, seconds: seconds)
        vanished = VanishedLog(entries: absent.isEmpty ? [] : [entry], exactSince: modSeq)
        arrivals = ArrivalLog(floor: ArrivalLog.Entry(modSeq: modSeq, uidNext: uidNext, seconds: seconds), entries: [])
    }
}
