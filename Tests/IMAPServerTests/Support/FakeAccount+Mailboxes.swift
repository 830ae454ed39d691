// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import MessageFormat

/// Mailboxes as a whole: their names, who may use them, what is kept with them.
extension FakeAccount {
    func create(_ name: MailboxName, specialUse: Set<SpecialUse>) async throws(MailStoreError) -> MailboxID {
        let made = state.withLock { state -> MailboxID? in
            guard state.boxes[name] == nil else { return nil }
            var level = name.parent
            while let above = level {
                if state.boxes[above] == nil { _ = state.make(above) }
                level = above.parent
            }
            return state.make(name, specialUse)
        }
        guard let made else { throw MailStoreError(.mailboxExists, "there is a mailbox \(name)") }
        notify()
        return made
    }

    func delete(_ name: MailboxName) async throws(MailStoreError) {
        let removed = state.withLock { state -> Bool in
            guard let box = state.boxes.removeValue(forKey: name) else { return false }
            state.accessLists[box.id] = nil
            return true
        }
        guard removed else { throw Self.missing(name) }
        notify()
    }

    func rename(_ name: MailboxName, to target: MailboxName) async throws(MailStoreError) {
        let code = state.withLock { state -> MailStoreError.Code? in
            guard state.boxes[name] != nil else { return .noSuchMailbox }
            guard state.boxes[target] == nil else { return .mailboxExists }
            for key in state.boxes.keys.sorted() {
                if let moved = key.moved(from: name, to: target) {
                    state.boxes[moved] = state.boxes.removeValue(forKey: key)
                    state.annotations[moved.text] = state.annotations.removeValue(forKey: key.text)
                }
            }
            return nil
        }
        if let code { throw MailStoreError(code, "cannot rename \(name)") }
        notify()
    }

    func quota() async throws(MailStoreError) -> QuotaStatus {
        state.withLock { state in
            let messages = state.boxes.values.flatMap(\.messages)
            let octets = messages.reduce(0) { $0 + $1.size }
            return QuotaStatus(
                usage: QuotaUsage(octets: octets, messages: UInt64(messages.count)),
                limits: state.quota
            )
        }
    }

    func setSubscribed(_ subscribed: Bool, _ name: MailboxName) async throws(MailStoreError) {
        state.withLock { state in
            if subscribed { state.subscribed.insert(name) } else { state.subscribed.remove(name) }
        }
        notify()
    }

    func accessList(of name: MailboxName) async throws(MailStoreError) -> AccessList {
        let id = try await status(of: name).id
        return state.withLock { $0.accessLists[id] ?? [:] }
    }

    func accessLists() async throws(MailStoreError) -> [MailboxID: AccessList] { state.withLock { $0.accessLists } }

    func changeAccess(
        to name: MailboxName,
        of identifier: AccessIdentifier,
        _ change: AccessChange
    ) async throws(MailStoreError) {
        let id = try await status(of: name).id
        state.withLock { state in
            let rights = change.result(on: state.accessLists[id]?[identifier] ?? [])
            state.accessLists[id, default: [:]][identifier] = rights.isEmpty ? nil : rights
        }
        notify()
    }

    func annotations(of name: MailboxName?) async throws(MailStoreError) -> Annotations {
        if let name { _ = try await status(of: name) }
        return state.withLock { $0.annotations[name?.text ?? ""] ?? [:] }
    }

    func annotate(_ name: MailboxName?, _ changes: [AnnotationChange]) async throws(MailStoreError) {
        if let name { _ = try await status(of: name) }
        var after = try await annotations(of: name)
        for change in changes { after[change.name] = change.value }
        guard after.count <= AnnotationLimits.entries else { throw MailStoreError(.limit, "too many") }
        state.withLock { $0.annotations[name?.text ?? ""] = after }
        notify()
    }
}
