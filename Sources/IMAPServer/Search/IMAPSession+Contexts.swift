// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

extension IMAPSession {
    /// RFC 5267 §4.3: a tag names one search that is kept up to date, not two.
    func checkUpdateTag() throws(CommandRefusal) {
        let isTaken = view?.contexts.contains { $0.tag == tag } ?? false
        guard !isTaken else { throw .bad("A search with this tag is kept up to date already") }
    }

    /// Keeps a result up to date; where there are too many already, the client is told that it is not.
    func keepUpdated(_ context: SearchContext) {
        let contexts = view?.contexts ?? []
        let ordered = contexts.reduce(context.order.count) { $0 + $1.order.count }
        guard contexts.count < SearchContext.maximumCount, ordered <= SearchContext.maximumOrdered else {
            return refuseUpdates(of: context.tag, "Too many searches, or results, to be kept up to date")
        }
        view?.contexts.append(context)
    }

    func refuseUpdates(of tag: [UInt8], _ text: String) {
        send(.untagged(StatusResponse(.no, .noUpdate(tag), text)))
    }

    /// Tells what leaves results since it is expunged: before the messages lose their numbers (RFC 5267 §4.3.4).
    func tellRemoved(_ gone: UIDSet) {
        guard let view, !gone.isEmpty else { return }
        for place in view.contexts.indices {
            guard let item = self.view?.contexts[place].remove(gone, in: view) else { continue }
            send(view.contexts[place].response(item))
        }
    }

    /// Tells what comes to results, and leaves them, since it is new or has other flags: once the client knows of it
    /// (RFC 5267 §4.3.3).
    func tellChanged(_ uids: UIDSet, _ arrivals: inout Arrivals) async throws {
        guard let view, !view.contexts.isEmpty, !view.isGone else { return }
        let places = view.indices(of: uids).flatMap(Array.init)
        guard !places.isEmpty else { return }
        // From the last on, since one that fails is dropped.
        for number in view.contexts.indices.reversed() {
            do {
                try await update(number, with: places, in: view, &arrivals)
            } catch let error as IOError {
                throw error
            } catch {
                self.view?.contexts.remove(at: number)
                refuseUpdates(of: view.contexts[number].tag, "The result cannot be kept up to date any more")
            }
        }
    }

    private func update(
        _ number: Int,
        with places: [Int],
        in view: MailboxView,
        _ arrivals: inout Arrivals
    ) async throws {
        let context = view.contexts[number]
        let found = try await SearchRun(self, context.key, in: view).run(at: places)
        let matching = view.uids(of: found.map { $0..<$0 + 1 })
        let others = view.uids(of: places.map { $0..<$0 + 1 }).subtracting(matching)
        if let item = self.view?.contexts[number].remove(others, in: view) { send(context.response(item)) }
        let added = matching.subtracting(context.members)
        guard !added.isEmpty else { return }
        if !context.items.isEmpty { try await tell(&arrivals, added, context.items) }
        guard !context.criteria.isEmpty else {
            if let item = self.view?.contexts[number].insert(added, in: view) { send(context.response(item)) }
            return
        }
        for uid in added.uids {
            let place = try await place(of: uid, in: self.view?.contexts[number].order ?? [], context.criteria, view)
            guard let item = self.view?.contexts[number].insert(uid, at: place, in: view) else { continue }
            send(context.response(item))
        }
    }

    /// Where a message belongs in an order: asks for the keys of a few, however many there are.
    private func place(
        of uid: UID,
        in order: [UID],
        _ criteria: [SortCriterion],
        _ view: MailboxView
    ) async throws -> Int {
        let run = SortRun(self, criteria)
        let directions = criteria.map(\.isReverse)
        guard let keys = try await keys(of: uid, run, view) else { return order.count }
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore = try await self.keys(of: order[middle], run, view)?.precedes(keys, directions) ?? true
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func keys(of uid: UID, _ run: SortRun, _ view: MailboxView) async throws -> SortKeys? {
        guard let index = view.index(of: uid), let entry = view.message(at: index) else { return nil }
        return try await run.keys(of: entry, at: index)
    }
}
