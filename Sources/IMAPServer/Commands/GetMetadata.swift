// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension GetMetadataCommand: SessionCommand {
    /// What is asked for by its own name alone is answered with NIL where there is none; beyond that, what is there.
    func perform(in session: IMAPSession) async throws -> Completion {
        let known = try await session.annotations(of: mailbox)
        var told: [MetadataEntry] = []
        var largest: Int?
        for name in names(in: known) {
            let value = known[name]
            if let value, let maximumSize, value.count > Int(maximumSize) {
                largest = max(largest ?? 0, value.count)
            } else {
                told.append(MetadataEntry(name, value))
            }
        }
        if !told.isEmpty { session.send(.metadata(mailbox: try Self.shown(mailbox), told)) }
        guard let largest else { return .done }
        return Completion(code: .metadata(.longEntries(UInt64(largest))))
    }

    /// Each once, in the order in which it was asked for, and those below by name.
    private func names(in known: Annotations) -> [String] {
        guard depth != .none else { return entries.unique }
        let all = known.keys.sorted()
        return entries.flatMap { entry in all.filter { covers($0, entry) } }.unique
    }

    private func covers(_ name: String, _ entry: String) -> Bool {
        guard name != entry else { return true }
        guard name.hasPrefix(entry + "/") else { return false }
        return depth == .all || !name.dropFirst(entry.count + 1).contains("/")
    }

    private static func shown(_ mailbox: String) throws -> String {
        mailbox.isEmpty ? "" : try MailboxName(argument: mailbox).text
    }
}

extension [String] {
    /// Each once, where it stands first.
    var unique: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}

extension IMAPSession {
    /// Of a mailbox; with an empty name of the server, as this user sees it.
    func annotations(of mailbox: String) async throws -> Annotations {
        guard mailbox.isEmpty else {
            return try await annotations(at: try await place(named: mailbox, for: GetMetadataCommand.self))
        }
        return try await account.annotations(of: nil).merging(configuration.serverAnnotations) { _, fixed in fixed }
    }
}

extension IMAPSession {
    /// Private ones are those of its owner: other users do not see them, and have none there.
    func annotations(at place: MailboxPlace) async throws(MailStoreError) -> Annotations {
        let all = try await place.account.annotations(of: place.name)
        return place.isShared ? all.filter { $0.key.hasPrefix("/shared/") } : all
    }
}

extension IMAPConfiguration {
    /// What all users see of the server, and none can change (RFC 5464 §3.2.1.1).
    var serverAnnotations: Annotations {
        let all = ["/shared/comment": serverComment, "/shared/admin": administrator]
        return all.filter { !$0.value.isEmpty }.mapValues { Array($0.utf8) }
    }
}
