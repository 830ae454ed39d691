// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Locking
package import MailTypes

/// A log in memory, for tests: the same contract, fences included, and records that go through their encoding.
package final class MemoryLog: AccountLog {
    private struct Entry {
        var account: AccountID
        var bytes: [UInt8]
        var message: [UInt8]
    }

    private struct State {
        var entries: [Entry] = []
        var epochs: [AccountID: UInt64] = [:]
        var snapshots: [AccountID: LogSnapshot] = [:]
        var failure: MailStoreError?
        var damaged: [UInt64: [Range<UInt64>]] = [:]
    }

    private let state = Lock(State())

    package init() {}

    /// Makes appends fail until it is called with `nil`.
    package func fail(with error: MailStoreError?) { state.withLock { $0.failure = error } }

    /// Loses octets of a message.
    package func damage(_ body: BodyReference, _ lost: [Range<UInt64>]) {
        state.withLock { $0.damaged[body.offset] = lost }
    }

    package func submit(
        _ appends: [LogAppend],
        fence: Fence,
        completion: @escaping @Sendable (Result<[LogPlace], MailStoreError>) -> Void
    ) {
        do throws(MailStoreError) {
            completion(.success(try append(appends, fence)))
        } catch {
            completion(.failure(error))
        }
    }

    private func append(_ appends: [LogAppend], _ fence: Fence) throws(MailStoreError) -> [LogPlace] {
        var entries: [Entry] = []
        for append in appends {
            let message = try append.body.map { body throws(MailStoreError) in try octets(of: body) }
            entries.append(Entry(account: fence.account, bytes: append.record.encode(fence), message: message ?? []))
        }
        return try state.withLock { state throws(MailStoreError) in
            if let failure = state.failure { throw failure }
            guard fence.epoch >= state.epochs[fence.account] ?? 0 else {
                throw MailStoreError(
                    .unavailable,
                    "the mailbox has moved",
                    detail: "epoch \(fence.epoch) is fenced off"
                )
            }
            state.epochs[fence.account] = fence.epoch
            let first = state.entries.count
            state.entries += entries
            return (first..<state.entries.count).map { Self.place(UInt64($0)) }
        }
    }

    private static func place(_ index: UInt64) -> LogPlace {
        LogPlace(
            position: LogPosition(segment: 1, offset: index),
            body: BodyReference(segment: 1, offset: index)
        )
    }

    package func read(
        _ body: BodyReference,
        of account: AccountID,
        size: UInt64,
        range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets {
        state.withLock { state in
            guard body.offset < UInt64(state.entries.count) else {
                return MessageOctets(bytes: [UInt8](repeating: 0, count: range.count), damaged: [range])
            }
            let message = state.entries[Int(body.offset)].message
            let wanted = range.clamped(to: 0..<UInt64(message.count))
            let lost = (state.damaged[body.offset] ?? []).map { $0.clamped(to: wanted) }.filter { !$0.isEmpty }
            return MessageOctets(bytes: Array(message[Int(wanted.lowerBound)..<Int(wanted.upperBound)]), damaged: lost)
        }
    }

    package func messageRecord(
        at body: BodyReference,
        of account: AccountID
    ) async throws(MailStoreError) -> MessageRecord? {
        guard case .message(let record) = LogRecord.decode(bytes(at: body))?.record else { return nil }
        return record
    }

    package func messageStructures(
        at bodies: [BodyReference],
        of account: AccountID,
        _ take: (_ place: Int, _ structure: CachedStructure?) -> Void
    ) {
        for (place, body) in bodies.enumerated() {
            let bytes = bytes(at: body)
            take(place, LogRecord.structurePlace(in: bytes).map { CachedStructure(bytes, at: $0) })
        }
    }

    private func bytes(at body: BodyReference) -> [UInt8] {
        state.withLock { $0.entries.indices.contains(Int(body.offset)) ? $0.entries[Int(body.offset)].bytes : [] }
    }

    package func replay(
        _ account: AccountID,
        after position: LogPosition?,
        _ visit: (LogItem) -> Void
    ) throws(MailStoreError) {
        let entries = state.withLock { $0.entries }
        var items: [LogItem] = []
        for (index, entry) in entries.enumerated() where entry.account == account {
            let place = Self.place(UInt64(index))
            guard position.map({ place.position > $0 }) ?? true else { continue }
            guard let record = LogRecord.decode(entry.bytes)?.record else {
                items.append(.damaged(place.position))
                continue
            }
            if case .base(let base) = record, let state = base.state(in: entry.message) {
                items = [.base(state, place.position)]
            } else {
                items.append(.record(record, place))
            }
        }
        items.forEach(visit)
    }

    package func snapshot(of account: AccountID) -> LogSnapshot? { state.withLock { $0.snapshots[account] } }

    package func putSnapshot(_ snapshot: LogSnapshot, fence: Fence) {
        state.withLock { $0.snapshots[fence.account] = snapshot }
    }

    package func forget(_ account: AccountID) { state.withLock { $0.snapshots[account] = nil } }

    private func octets(of body: LogBody) throws(MailStoreError) -> [UInt8] {
        switch body {
        case .message(let message): return try Self.octets(of: message.content)
        case .state(let block): return block.array
        case .copy(let source, _):
            return try state.withLock { state throws(MailStoreError) in
                guard state.entries.indices.contains(Int(source.offset)), state.damaged[source.offset] == nil else {
                    throw MailStoreError(.damaged, "the message is damaged", detail: "record \(source.offset)")
                }
                return state.entries[Int(source.offset)].message
            }
        }
    }

    private static func octets(of content: StagedContent) throws(MailStoreError) -> [UInt8] {
        switch content {
        case .memory(let block): return block.array
        case .file(let descriptor, let count, _):
            let size = Int(clamping: count)
            return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
                while filled < size, let base = buffer.baseAddress {
                    let result = unsafe pread(descriptor, base + filled, size - filled, off_t(clamping: filled))
                    guard result > 0 else { break }
                    filled += result
                }
            }
        }
    }
}
