// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Locking
internal import MailStore
internal import MailTypes
internal import Runtime

extension IMAPSession {
    /// Most mailboxes of an account of which others than the selected one are watched: each change has all looked at.
    static let maximumWatched = 2_000

    private static let noProgress = Duration.seconds(86_400)
    private static let overflow = "Too many mailboxes to be watched"

    /// Tells the client of events from here on, in the place of those that it has asked for before.
    ///
    /// - Parameter groups: `nil` for NONE.
    func listen(to groups: [NotifyGroup]?, withStatus: Bool) async throws {
        var wanted = Notifications(groups ?? [])
        if !wanted.isEmpty {
            // The watch begins before the first look, so that nothing falls between the two.
            let (news, notifier) = (wanted.news, connection.notifier)
            wanted.watch = account.watch(nil) {
                news.withLock { $0 = true }
                notifier.notify()
            }
        }
        if wanted.hasOthers {
            wanted.known = try await account.overview()
            guard wanted.known.mailboxes.count <= Self.maximumWatched else {
                throw CommandRefusal.no(.notificationOverflow, Self.overflow)
            }
        }
        if groups != nil, wanted.selected == .frozen {
            // What has happened up to here is told, as by NOOP; in other modes the dispatcher does it (RFC 5465 §3.1).
            notifications = nil
            try await sync(allowingExpunge: true)
        }
        notifications = wanted
        watchShared()
        tellFrontEnd(of: wanted)
        if withStatus { try await tellCounts() }
    }

    /// Another back-end that takes the session over knows nothing of NOTIFY, and has to be silent then; that this is a
    /// loss is to be said only to a client that has asked for something.
    private func tellFrontEnd(of wanted: Notifications) {
        guard configuration.isBehindFrontEnd else { return }
        connection.write("* MARTLET-ENABLED \(wanted.isEmpty ? "MARTLET-SILENCE" : "MARTLET-NOTIFY")\r\n")
    }

    /// The counts from which the client reckons (RFC 5465 §3.1).
    private func tellCounts() async throws {
        guard let notifications else { return }
        for (id, mailbox) in notifications.known.mailboxes.sorted(by: { $0.value.name < $1.value.name }) {
            let isSubscribed = notifications.known.subscriptions.contains(mailbox.name)
            let events = notifications.events(of: mailbox.name, isSubscribed: isSubscribed)
            guard events.contains(.messages), id != selectedID else { continue }
            let items: [StatusItem] = [.messages, .uidNext, .uidValidity]
            let more: [StatusItem] = events.contains(.flags) ? [.highestModSeq] : []
            send(statusResponse(mailbox.name, mailbox.status, items + more))
            try await connection.flushIfLarge()
        }
    }

    /// Of the selected mailbox, as long as it is there and the user's own.
    var selectedID: MailboxID? { view.flatMap { $0.isGone || $0.isShared ? nil : $0.id } }

    /// Listens to the selected mailbox when it is another user's, where the client wants to know of it at once.
    func watchShared() {
        notifications?.sharedWatch = nil
        guard let view, view.isShared, let notifications, notifications.selected != .frozen else { return }
        let (news, notifier) = (notifications.news, connection.notifier)
        self.notifications?.sharedWatch = view.account.watch(view.id) {
            news.withLock { $0 = true }
            notifier.notify()
        }
    }

    /// Tells what has happened since the last time, if anything has and the client listens.
    func tellNews() async throws {
        let hasNews = notifications?.news.withLock { news in
            defer { news = false }
            return news
        }
        guard let notifications, hasNews == true else { return }
        // No command is at work of which the client could be told how far it is.
        nextProgress = .now + Self.noProgress
        try await sync(allowingExpunge: notifications.selected == .immediate)
        guard notifications.hasOthers else { return }
        let now: AccountOverview
        do throws(MailStoreError) {
            now = try await account.overview()
        } catch {
            // It is told when the store can say it.
            return notifications.news.withLock { $0 = true }
        }
        guard now.mailboxes.count <= Self.maximumWatched else { return stopListening() }
        let difference = AccountDifference(notifications, now, selected: selectedID, enabled)
        self.notifications?.known = now
        self.notifications?.own = OwnChanges()
        for response in difference.listings { try await tell(response) }
        for id in difference.changedMailboxes {
            guard let mailbox = now.mailboxes[id] else { continue }
            if try await isOwn(id, notifications) { continue }
            try await tell(statusResponse(mailbox.name, mailbox.status, difference.items(of: id)))
        }
        for response in difference.annotations { try await tell(response) }
    }

    private func tell(_ response: Response) async throws {
        send(response)
        try await connection.flushIfLarge()
    }

    /// RFC 5465 §5.8.
    private func stopListening() {
        let nothing = Notifications()
        notifications = nothing
        tellFrontEnd(of: nothing)
        send(.untagged(StatusResponse(.ok, .word(.notificationOverflow), Self.overflow)))
    }

    /// Whether all that is new in a mailbox is what the client itself has put there.
    private func isOwn(_ id: MailboxID, _ notifications: Notifications) async throws -> Bool {
        guard let before = notifications.known.mailboxes[id], let own = notifications.own.arrivals[before.name] else {
            return false
        }
        do throws(MailStoreError) {
            let changes = try await account.changes(in: id, since: before.status.highestModSeq)
            return changes.vanished.isEmpty && changes.changed.allSatisfy { own.contains($0.uid) }
        } catch {
            return false
        }
    }
}

// What the client does itself.
extension IMAPSession {
    func noteOwn(_ note: (inout OwnChanges) -> Void) {
        guard notifications?.hasOthers == true else { return }
        if var own = notifications?.own {
            note(&own)
            notifications?.own = own
        }
    }

    func noteSubscription(_ name: MailboxName, _ isSubscribed: Bool) {
        guard let known = notifications?.known else { return }
        noteOwn { $0.noteSubscription(name, isSubscribed, known) }
    }

    func noteAnnotations(_ changes: [AnnotationChange], of name: MailboxName?) {
        guard let known = notifications?.known else { return }
        noteOwn { $0.note(changes, of: name, known) }
    }

    /// Messages that the client has put into a mailbox: their arrival is no news to it.
    func noteArrivals(_ uids: UIDSet, in name: MailboxName) {
        if view?.name == name { view?.ownArrivals.formUnion(uids) }
        noteOwn { $0.arrivals[name, default: UIDSet()].formUnion(uids) }
    }

    /// Messages that the client has removed, where it is told nothing else of its mailbox.
    func tellOwnExpunges(_ uids: UIDSet) async throws {
        guard notifications?.selected == .frozen else { return }
        let reports = view?.remove(uids, enabled) ?? []
        try await send(reports)
    }
}
