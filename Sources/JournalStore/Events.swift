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
        action: "Check the disk; compare with a backup"
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
        text: "A change was refused because the disk is full",
        cause: "The file system of the store has less room than store/reserved-space",
        action: "Make room; the store goes on by itself"
    )
}

package let journalStoreEvents: [EventDefinition] = [
    .storeRecovered, .segmentDamaged, .formatRestored, .storageFull,
]
