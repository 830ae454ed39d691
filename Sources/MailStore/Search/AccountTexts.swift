// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes
internal import SearchIndex

/// The search texts of one open account: the sidecar, and what has happened that is not in it yet.
final class AccountTexts: Sendable {
    /// What is to be done to the sidecar.
    struct Work: Sendable {
        /// Look at every message of the account, not only at those named.
        var isWhole = false
        var messages: [MessageEntry] = []
    }

    private struct State {
        var work = Work(isWhole: true)
        /// New messages and their octets since work was taken.
        var count = 0
        var octets: UInt64 = 0
        var gone = 0
        /// Messages that cannot be read whole: not tried again while the account is open.
        var unreadable: Set<TextKey> = []
        /// Monotonic seconds before which nothing is written, after a failure.
        var pausedUntil: ContinuousClock.Instant?
    }

    /// So many new messages, or so much mail, and their texts are made.
    private static let dueMessages = 64
    private static let dueOctets: UInt64 = 1 << 20
    /// More than these are not remembered one by one: the whole account is looked at instead.
    private static let maximumRemembered = 4096
    /// After so many expunged messages it is seen whether most texts are of messages that are gone.
    private static let dueGone = 2000

    let sidecar: TextSidecar
    /// Not to be taken by the thread that makes texts, which would have deliveries wait for it.
    private let state = Lock(State())
    private let removal = Lock(false)

    init(_ sidecar: TextSidecar) { self.sidecar = sidecar }

    /// Notes what a durable record says; true when there is enough to do.
    func applied(_ record: LogRecord, at place: LogPlace) -> Bool {
        switch record {
        case .message(let record):
            return note(
                MessageEntry(
                    uid: record.uid,
                    systemFlags: [],
                    keywordBits: 0,
                    internalDate: record.internalDate,
                    savedSeconds: record.savedSeconds,
                    size: record.size,
                    modSeq: record.modSeq,
                    body: place.body,
                    email: EmailID(record.mailbox, record.uid)
                )
            )
        case .expunge(let record): return noteGone(record.uids.count)
        case .mailboxDeleted, .accountRemoved: return noteGone(Self.dueGone)
        default: return false
        }
    }

    private func note(_ message: MessageEntry) -> Bool {
        state.withLock { state in
            if !state.work.isWhole { state.work.messages.append(message) }
            if state.work.messages.count > Self.maximumRemembered {
                (state.work.isWhole, state.work.messages) = (true, [])
            }
            state.count += 1
            state.octets &+= message.size
            return state.count >= Self.dueMessages || state.octets >= Self.dueOctets
        }
    }

    private func noteGone(_ count: Int) -> Bool {
        state.withLock { state in
            state.gone += count
            guard state.gone >= Self.dueGone else { return false }
            state.gone = 0
            state.work.isWhole = true
            return true
        }
    }

    /// Has the next work look at every message.
    func wantWhole() { state.withLock { $0.work.isWhole = true } }

    /// What is to be done now; the caller does it, or calls `failed`.
    func take() -> Work? {
        guard !isRemoved else { return nil }
        return state.withLock { state in
            guard state.pausedUntil.map({ $0 <= .now }) ?? true else { return nil }
            defer { (state.work, state.count, state.octets) = (Work(), 0, 0) }
            return state.work
        }
    }

    /// Nothing is written for a minute, and then everything is looked at.
    func failed() {
        state.withLock { state in
            state.pausedUntil = .now + .seconds(60)
            state.work.isWhole = true
        }
    }

    func setUnreadable(_ key: TextKey) {
        state.withLock { state in
            if state.unreadable.count < Self.maximumRemembered { state.unreadable.insert(key) }
        }
    }

    var unreadable: Set<TextKey> { state.withLock { $0.unreadable } }

    /// The account is gone: nothing more is written.
    func remove() { removal.withLock { $0 = true } }

    var isRemoved: Bool { removal.withLock { $0 } }
}
