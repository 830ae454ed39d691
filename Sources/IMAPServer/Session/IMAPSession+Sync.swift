// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

extension IMAPSession {
    /// Tells the client what is new in the selected mailbox, unless it has said that it does not want to know.
    func sync(allowingExpunge: Bool) async throws {
        guard let id = view?.id, let since = view?.modSeq, view?.needsSync == true else { return }
        guard notifications?.selected != .frozen else { return }
        // What is new is told when somebody can say whether it may be: the command stands on its own.
        do { try await refreshRights() } catch is MailStoreError { return }
        guard let account = view?.account else { return }
        let last = view?.messages.last?.uid
        var reports: [MailboxView.Report]?
        var changed = UIDSet()
        do throws(MailStoreError) {
            let changes = try await account.changes(in: id, since: since)
            guard view?.rights.contains(.read) == true else { return }
            if view?.contexts.isEmpty == false {
                tellRemoved(changes.vanished)
                changed = UIDSet(ascending: changes.changed.lazy.map { $0.uid }.sorted())
            }
            reports = view?.merge(changes, allowingExpunge: allowingExpunge, enabled)
        } catch {
            // The command stands on its own; what is new is told when the store can say it.
            guard error.code == .noSuchMailbox else { return }
            reports = view?.mailboxWasDeleted(allowingExpunge: allowingExpunge, enabled)
        }
        if notifications?.tellsFlags == false, reports?.contains(where: \.isOfFlags) == true {
            reports?.removeAll(where: \.isOfFlags)
            view?.leavesOutFlags = true
        }
        noteDueModSeq(reports ?? [])
        try await send(reports ?? [])
        var arrivals = Arrivals(view?.uids(behind: last) ?? UIDSet())
        if !changed.isEmpty { try await tellChanged(changed, &arrivals) }
        try await tell(&arrivals)
        view?.ownArrivals = UIDSet()
    }

    private func noteDueModSeq(_ reports: [MailboxView.Report]) {
        guard enabled.contains(.qresync), let view, !view.isGone, !view.leavesOutFlags else { return }
        let tellsExpunges = reports.contains { report in if case .vanished = report { true } else { false } }
        if tellsExpunges || !view.untold.isEmpty { dueModSeq = view.toldModSeq }
    }

    func send(_ reports: [MailboxView.Report]) async throws {
        guard !reports.isEmpty, let view else { return }
        var encoder = WireEncoder()
        for (count, report) in reports.enumerated() {
            if count.isMultiple(of: 64) { await giveWay() }
            switch report {
            case .flagTable: encoder.response(.flags(view.flagNames))
            case .exists(let count): encoder.response(.exists(count))
            case .expunge(let number): encoder.response(.expunge(number))
            case .vanished(let uids): encoder.vanished(uids, isEarlier: false)
            case .flags(let index): encoder.flagsResponse(view, index, enabled)
            }
            guard encoder.bytes.count > 16_384 else { continue }
            try await connection.send(encoder.bytes)
            encoder = WireEncoder()
        }
        connection.write(encoder.bytes)
    }
}

extension WireEncoder {
    /// So many ranges in one response: lines of 8,192 octets are what every client takes.
    private static var rangesAtOnce: Int { 360 }

    /// As many VANISHED responses as it takes.
    mutating func vanished(_ uids: UIDSet, isEarlier: Bool) {
        var rest = uids.ranges[...]
        while !rest.isEmpty {
            response(.vanished(UIDSet(Array(rest.prefix(Self.rangesAtOnce))), isEarlier: isEarlier))
            rest = rest.dropFirst(Self.rangesAtOnce)
        }
    }
}

extension MailboxView {
    /// Every flag that messages of the mailbox have or may have (RFC 9051 §7.3.5).
    var flagNames: [String] { SystemFlags.names.map(\.name) + keywords.map(\.text) }

    /// Those that the user may change for good (RFC 9051 §7.1 PERMANENTFLAGS, RFC 4314 §5.1.1).
    var permanentFlags: [String] {
        guard !isReadOnly else { return [] }
        let system = SystemFlags.names.filter { !rights.permitted(FlagSet(system: $0.flag)).isEmpty }.map(\.name)
        guard rights.contains(.write) else { return system }
        return system + keywords.filter { $0 != .damaged }.map(\.text) + ["\\*"]
    }
}
