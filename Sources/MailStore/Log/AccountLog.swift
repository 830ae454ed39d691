// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
package import MailTypes
package import SearchIndex

/// A place in a log; later records of an account have greater ones.
///
/// Opaque above the engine.
package struct LogPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var segment: UInt32
    package var offset: UInt64

    package init(segment: UInt32, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }

    package static func < (a: Self, b: Self) -> Bool { (a.segment, a.offset) < (b.segment, b.offset) }
    package var description: String { "\(segment):\(offset)" }
}

/// Where a record is, and where its message is when it has one.
package struct LogPlace: Hashable, Sendable {
    package var position: LogPosition
    package var body: BodyReference

    package init(position: LogPosition, body: BodyReference) {
        self.position = position
        self.body = body
    }
}

/// Proves to the log that its bearer owns an account: an append with an epoch that is not the latest is refused.
package struct Fence: Hashable, Sendable {
    package var account: AccountID
    package var epoch: UInt64

    package init(account: AccountID, epoch: UInt64) {
        self.account = account
        self.epoch = epoch
    }
}

/// The octets that go with a record.
package enum LogBody: Sendable {
    case message(StagedOctets)
    /// An account's state, for a base.
    case state(OctetBlock)
    /// The message at a place of the same account, `size` octets, copied without passing through the caller.
    ///
    /// The append fails with `.damaged`, and nothing of it is written, when a single octet of it does not verify.
    case copy(of: BodyReference, size: UInt64)
}

/// A record to be appended, with its octets when it has some.
package struct LogAppend: Sendable {
    package var record: LogRecord
    package var body: LogBody?

    package init(_ record: LogRecord, message: StagedOctets? = nil) {
        self.init(record, body: message.map { .message($0) })
    }

    package init(_ record: LogRecord, body: LogBody?) {
        self.record = record
        self.body = body
    }
}

/// What replaying an account meets.
package enum LogItem: Sendable {
    case record(LogRecord, LogPlace)
    /// The latest base that can be read, and where its last record is: what came before is in the state.
    case base(AccountState, LogPosition)
    /// A base of which no state can be made any more; what came before it is given instead, as far as it is there.
    case baseLost(LogPosition)
    /// A record that cannot be read any more.
    case damaged(LogPosition)
    /// So many octets of records of the account were here, at most, and are lost.
    case gap(octets: UInt64)
    /// What the log has to write before anything else, and had no room for yet; it has no place.
    case owed(LogRecord)
}

/// A state of an account as of a position: derived, may be missing at any time.
package struct LogSnapshot: Sendable {
    package var position: LogPosition
    package var bytes: [UInt8]

    package init(position: LogPosition, bytes: [UInt8]) {
        self.position = position
        self.bytes = bytes
    }
}

/// The narrow contract between the mail store and what it lies on: ordered, fenced, durable records per account.
///
/// It knows nothing of what the records mean, so that each engine can be as strong as it is.
package protocol AccountLog: AnyObject, Sendable {
    /// Appends records of one account, all or none. The order of the calls is the order in the log. Never blocks;
    /// `completion` is called once, on any thread and in the order of the calls, when the records are durable or have
    /// failed: with `.storageFull`, `.unavailable` (also for a fence that is not the latest), or `.limit`.
    func submit(
        _ appends: [LogAppend],
        fence: Fence,
        completion: @escaping @Sendable (Result<[LogPlace], MailStoreError>) -> Void
    )

    /// Octets `range` of an account's message at `body`, which has `size` octets. Lost ones are zero and named; that
    /// never throws. For any task.
    func read(
        _ body: BodyReference,
        of account: AccountID,
        size: UInt64,
        range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets

    /// The record that came with the message at `body`; `nil` when it is lost. For any task.
    func messageRecord(at body: BodyReference, of account: AccountID) async throws(MailStoreError) -> MessageRecord?

    /// The structure in that record, when nothing else of it is wanted; `nil` when it is lost. For any task.
    func messageStructure(at body: BodyReference, of account: AccountID) async throws(MailStoreError) -> [UInt8]?

    /// The same of many messages, each handed over with its place among `bodies`, in their order; `nil` also for those of
    /// which `messageStructure` may know more. Blocks: not for event loops.
    func messageStructures(
        at bodies: [BodyReference],
        of account: AccountID,
        _ take: (_ place: Int, _ structure: CachedStructure?) -> Void
    )

    /// Every record of an account after a position (all, when `nil`), oldest first, over any damage; when there is a
    /// base among them that can be read, from the latest such on. No append of the account may be under way. Blocks:
    /// not for event loops.
    func replay(
        _ account: AccountID,
        after position: LogPosition?,
        _ visit: (LogItem) -> Void
    ) throws(MailStoreError)

    /// The latest snapshot that is whole and belongs to this log. Blocks.
    func snapshot(of account: AccountID) -> LogSnapshot?

    /// Keeps a snapshot. It may fail or be lost without harm. Blocks.
    func putSnapshot(_ snapshot: LogSnapshot, fence: Fence)

    /// Forgets what it keeps beside the log of an account whose last record says that it was removed. Blocks.
    func forget(_ account: AccountID)

    /// Where an account's search sidecar is kept, if the engine has a place for it. `forget` removes it.
    func sidecar(of account: AccountID) -> SidecarPlace?
}

extension AccountLog {
    package func sidecar(of account: AccountID) -> SidecarPlace? { nil }

    package func messageStructure(
        at body: BodyReference,
        of account: AccountID
    ) async throws(MailStoreError) -> [UInt8]? {
        try await messageRecord(at: body, of: account)?.structure
    }
}
