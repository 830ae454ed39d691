// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let messageDamaged = EventDefinition(
        12003,
        "store.message.damaged",
        .error,
        text: "Octets of a message are lost",
        cause: "The disk gave back other octets than were written",
        action: "Check the disk; run martlet store repair, which finds another copy if the store has one; else restore "
            + "the message from a backup, or delete it"
    )
    static let recordLost = EventDefinition(
        9250,
        "store.record.lost",
        .error,
        text: "A record of an account cannot be read",
        cause: "The disk gave back other octets than were written",
        action: "Check the disk; run martlet store check; compare the account with a backup"
    )
    static let snapshotDropped = EventDefinition(
        9251,
        "store.snapshot.dropped",
        .warning,
        text: "A snapshot of an account was not usable; the account was rebuilt from the log",
        cause: "The snapshot was damaged, or the log is another than the one it was made from",
        action: "None, if it stays a single case; else check the disk"
    )
    static let accountOpenFailed = EventDefinition(
        9252,
        "store.account.failed",
        .error,
        text: "An account could not be opened",
        cause: "The disk could not be read",
        action: "See the detail; check the disk"
    )
    static let searchTextDamaged = EventDefinition(
        9280,
        "store.search.damaged",
        .warning,
        text: "Search texts of an account were damaged; they are made again",
        cause: "The disk gave back other octets than were written, or the machine lost power",
        action: "None, if it stays a single case; else check the disk. No mail is affected"
    )
    static let searchTextNotWritten = EventDefinition(
        9281,
        "store.search.unwritten",
        .warning,
        text: "Search texts of an account could not be written; searches read the messages until they can",
        cause: "The disk is full or failing",
        action: "Make room, or check the disk"
    )
}

extension EventDefinition {
    static let baseLost = EventDefinition(
        9257,
        "store.base.lost",
        .error,
        text:
            "Both records of an account's base cannot be read; the account was rebuilt from what came before and after",
        cause: "The disk gave back other octets than were written, in two places",
        action: "Check the disk; compare the account with a backup"
    )
    static let messageWithdrawn = EventDefinition(
        9266,
        "store.message.withdrawn",
        .warning,
        text: "A message is in pieces that was being stored when the store ended, and was taken into quarantine",
        cause: "The machine lost power before the message was on disk: it was not acknowledged, and comes again",
        action: "None, if it has come again; what there is of it is in martlet message quarantine list"
    )
    static let quotaNearlyReached = EventDefinition(
        9270,
        "store.quota.warning",
        .warning,
        text: "An account has used 90 % of its quota",
        cause: "Mail came in, or was copied",
        action: "Tell its owner, or raise the quota: martlet account set ADDRESS --quota SIZE"
    )
    static let quotaReached = EventDefinition(
        9271,
        "store.quota.reached",
        .warning,
        text: "An account is full: what would add mail is refused",
        cause: "Mail came in, or was copied, or the quota was lowered",
        action: "Tell its owner, or raise the quota: martlet account set ADDRESS --quota SIZE"
    )
}

package let mailStoreEvents: [EventDefinition] = [
    .messageDamaged, .recordLost, .snapshotDropped, .accountOpenFailed, .baseLost, .messageWithdrawn,
    .quotaNearlyReached, .quotaReached, .searchTextDamaged, .searchTextNotWritten,
]
