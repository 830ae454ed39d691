// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let storeRecovered = EventDefinition(
        9253,
        "store.recovered",
        .information,
        text: "The store was not closed in order, and was recovered",
        cause: "The process ended without warning, or the machine did",
        action: "None; nothing that was acknowledged is lost. See the events before it for why it ended"
    )
    static let segmentDamaged = EventDefinition(
        9254,
        "store.segment.damaged",
        .error,
        text: "Octets of a segment are no record; what was there is lost",
        cause: "The disk gave back other octets than were written",
        action: "Check the disk; run martlet store check, which says whose mail is hit"
    )
    static let formatRestored = EventDefinition(
        9255,
        "store.format.restored",
        .warning,
        text: "The file FORMAT of the store was lost and was made again from the records",
        cause: "The file was deleted or damaged",
        action: "Find out who or what touched the store folder"
    )
    static let storageFull = EventDefinition(
        9256,
        "store.full",
        .error,
        text: "Changes are refused because the disk is full",
        cause: "The file system of the store has less room than store/reserved-space",
        action: "Make room; the store goes on by itself. store.refused counts refusals since this was said last"
    )
    static let storageHasRoom = EventDefinition(
        9267,
        "store.room",
        .information,
        text: "The disk has room again; changes are written",
        cause: "Changes were written after refusals, and none was refused for a minute",
        action: "None"
    )
}

extension EventDefinition {
    static let compactionStarted = EventDefinition(
        9258,
        "store.compaction.started",
        .information,
        text: "Segments of which little is needed are being emptied",
        cause: "Enough mail was expunged, a day has passed, or somebody asked for it",
        action: "None"
    )
    static let compactionEnded = EventDefinition(
        9259,
        "store.compaction.ended",
        .information,
        text: "Compaction has ended",
        cause: "Everything that was worth it is done",
        action: "None; the fields say how many octets were given back"
    )
    static let compactionStopped = EventDefinition(
        9260,
        "store.compaction.stopped",
        .warning,
        text: "Compaction ended before everything was done",
        cause: "The disk is full or cannot be written, or the store is in use by other work",
        action: "See the detail; make room if that is what is missing. Nothing is lost, and it is tried again"
    )
    static let segmentStuck = EventDefinition(
        9261,
        "store.segment.stuck",
        .error,
        text: "A segment stays because messages in it are damaged and are not copied",
        cause: "The disk gave back other octets than were written",
        action:
            "Check the disk; run martlet store repair; restore from a backup what store check still finds, or delete it"
    )
    static let scrubEnded = EventDefinition(
        9262,
        "store.scrub.ended",
        .information,
        text: "Every octet of the store was read and checked",
        cause: "store/scrub-interval has passed, or somebody asked for it",
        action: "None when the fields say that nothing is damaged; else see the events before it"
    )
    static let recordDamaged = EventDefinition(
        9263,
        "store.record.damaged",
        .error,
        text: "A record that is no live message is damaged",
        cause: "The disk gave back other octets than were written",
        action: "Check the disk; run martlet store repair, which makes the record needless where that can be"
    )
    static let backupMade = EventDefinition(
        9264,
        "store.backup.made",
        .information,
        text: "A backup of the store was made",
        cause: "Somebody asked for it",
        action: "None"
    )
    static let scrubFailed = EventDefinition(
        9265,
        "store.scrub.failed",
        .warning,
        text: "A scrub ended before everything was read",
        cause: "The disk cannot be read",
        action: "See the detail; check the disk. It is tried again"
    )
}

extension EventDefinition {
    static let basesNotWritten = EventDefinition(
        9282,
        "store.bases.unwritten",
        .warning,
        text: "What a loss of records makes necessary for accounts could not be written into the journal yet",
        cause: "The disk is full or failing, or an account cannot be read",
        action: "See the detail; make room, or check the disk. It is tried again; until then keep the folder accounts"
    )
}

package let journalStoreEvents: [EventDefinition] = [
    .storeRecovered, .segmentDamaged, .formatRestored, .storageFull, .storageHasRoom, .compactionStarted,
    .compactionEnded, .compactionStopped, .segmentStuck, .scrubEnded, .recordDamaged, .backupMade, .scrubFailed,
    .basesNotWritten,
]
