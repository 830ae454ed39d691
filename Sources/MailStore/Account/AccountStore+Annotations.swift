// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountStore {
    package func annotations(of name: MailboxName?) async throws(MailStoreError) -> Annotations {
        try state.annotations[annotated(name)] ?? [:]
    }

    package func annotate(_ name: MailboxName?, _ changes: [AnnotationChange]) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let mailbox = try annotated(name)
        let before = state.annotations[mailbox] ?? [:]
        let after = before.changed(by: changes)
        let octets = state.annotationOctets - before.octets + after.octets
        guard after.count <= AnnotationLimits.entries,
            octets <= AnnotationLimits.accountOctets || after.octets <= before.octets,
            changes.allSatisfy({ $0.value?.count ?? 0 <= AnnotationLimits.valueOctets }),
            changes.allSatisfy({ $0.name.utf8.count <= AnnotationLimits.nameOctets })
        else {
            throw MailStoreError(.limit, "there are too many annotations, or too large ones")
        }
        let record = AnnotationsRecord(mailbox: mailbox, modSeq: takeModSeq(), changes: changes)
        try await isApplied(submit([LogAppend(.annotated(record))]))
    }

    private func annotated(_ name: MailboxName?) throws(MailStoreError) -> MailboxID {
        guard let name else { return AccountState.accountID }
        return try mailbox(name).id
    }
}
