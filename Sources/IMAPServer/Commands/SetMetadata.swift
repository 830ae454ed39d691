// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension SetMetadataCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        if !mailbox.isEmpty { _ = try MailboxName(argument: mailbox) }
        guard entries.allSatisfy({ $0.value?.count ?? 0 <= AnnotationLimits.valueOctets }) else {
            let maximum = UInt64(AnnotationLimits.valueOctets)
            throw CommandRefusal(
                condition: .no,
                code: .metadata(.maximumSize(maximum)),
                text: "A value may have \(maximum) octets"
            )
        }
        // All users share those: they are set by who runs the server.
        guard !mailbox.isEmpty || entries.allSatisfy({ $0.name.hasPrefix("/private/") }) else {
            throw .no(.noPermission, "Shared annotations of the server are its administrator's")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let place: MailboxPlace? =
            if mailbox.isEmpty { nil } else { try await session.place(named: mailbox, for: Self.self) }
        guard place?.isShared != true || entries.allSatisfy({ $0.name.hasPrefix("/shared/") }) else {
            throw CommandRefusal(
                condition: .no,
                code: .metadata(.noPrivate),
                text: "Another user's mailbox has shared annotations only"
            )
        }
        let changes = entries.map { AnnotationChange($0.name, $0.value) }
        do throws(MailStoreError) {
            try await (place?.account ?? session.account).annotate(place?.name, changes)
        } catch {
            guard error.code == .limit else { throw error }
            throw CommandRefusal(
                condition: .no,
                code: .metadata(.tooMany),
                text: FailureReply.sentence(error.message)
            )
        }
        if place?.isShared != true { session.noteAnnotations(changes, of: place?.name) }
        return .done
    }
}
