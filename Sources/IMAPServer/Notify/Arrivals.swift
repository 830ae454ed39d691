// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes
internal import Runtime

/// Messages that are new in the selected mailbox, and what the client has been told of them.
struct Arrivals {
    /// Of whose number the client has just been told.
    let uids: UIDSet
    private var told: [UID: Set<FetchItem>] = [:]

    init(_ uids: UIDSet) { self.uids = uids }

    /// Those of `items` that have not been told of a message yet, which count as told from here on.
    mutating func take(_ items: [FetchItem], of uid: UID) -> [FetchItem] {
        let known = told[uid] ?? []
        told[uid] = known.union(items)
        return items.filter { !known.contains($0) }
    }
}

extension IMAPSession {
    /// Tells what the client wants to know of new messages by NOTIFY (RFC 5465 §5.2).
    func tell(_ arrivals: inout Arrivals) async throws {
        guard let items = notifications?.items, !items.isEmpty else { return }
        let uids = arrivals.uids
        try await tell(&arrivals, uids, items)
    }

    /// Tells `items` of the messages among `uids` that are new, with what NOTIFY wants, in one response each; not of
    /// those that the client has brought itself.
    func tell(_ arrivals: inout Arrivals, _ uids: UIDSet, _ items: [FetchItem]) async throws {
        let new = arrivals.uids.intersection(uids).subtracting(view?.ownArrivals ?? UIDSet())
        for uid in new.uids {
            await giveWay()
            let all = items + (notifications?.items ?? []).filter { !items.contains($0) }
            let left = arrivals.take(all, of: uid)
            guard !left.isEmpty, let index = view?.index(of: uid) else { continue }
            var run = FetchRun(self, items: withIdentity(left))
            do {
                try await run.answer([index..<index + 1])
            } catch let error as IOError {
                throw error
            } catch {
                // The client knows that the message is there, and can ask for it.
                continue
            }
        }
    }

    /// What FETCH responses have that nobody asked for (RFC 7162 §3.1, §3.2.4).
    private func withIdentity(_ items: [FetchItem]) -> [FetchItem] {
        let wantsUID = enabled.contains(.qresync) && !enabled.contains(.uidOnly) && !items.contains(.uid)
        let wantsModSeq = enabled.contains(.condstore) && !items.contains(.modSeq)
        return (wantsUID ? [.uid] : []) + items + (wantsModSeq ? [.modSeq] : [])
    }
}

extension MailboxView {
    /// The messages whose UIDs are greater than `uid`; all, when it is `nil`.
    func uids(behind uid: UID?) -> UIDSet {
        guard let uid else { return uids(of: [0..<messages.count]) }
        guard uid.rawValue < .max else { return UIDSet() }
        return uids(of: [firstIndex(from: UID(uid.rawValue + 1))..<messages.count])
    }
}

extension MailboxView.Report {
    var isOfFlags: Bool { if case .flags = self { true } else { false } }
}
