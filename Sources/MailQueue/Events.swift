// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let opened = EventDefinition(
        9700,
        "queue.opened",
        .information,
        text: "The queue is open.",
        cause: "The transport started.",
        action: "None."
    )
    static let rebuilt = EventDefinition(
        3013,
        "queue.rebuilt",
        .information,
        text: "The queue was not closed in order; its index was made anew from the ledger.",
        cause: "The transport or the machine ended without warning.",
        action: "None; nothing that was accepted is lost. See the events before it for why it ended."
    )
    static let accepted = EventDefinition(
        9701,
        "queue.accepted",
        .information,
        text: "A message is in the queue.",
        cause: "It is for another server, or its mailbox could not be reached at once, or it is a report.",
        action: "None."
    )
    static let held = EventDefinition(
        9702,
        "queue.held",
        .warning,
        text: "A message was frozen when it came.",
        cause: "A rule of queue/hold or a filter wants it (see queue.reason), or it comes from the pickup folder.",
        action: "Look at it: martlet queue show; then thaw, return or remove it."
    )
    static let delivered = EventDefinition(
        9703,
        "queue.delivered",
        .information,
        text: "The next system has taken a message.",
        cause: "It said so.",
        action: "None."
    )
    static let deferred = EventDefinition(
        9704,
        "queue.deferred",
        .warning,
        text: "A message could not be delivered now and is tried again.",
        cause: "The reply says why.",
        action: "None, if it ends well; else: martlet queue why."
    )
    static let inDoubt = EventDefinition(
        9705,
        "queue.in-doubt",
        .warning,
        text: "A message was sent to its end and no answer came; it is sent again later.",
        cause: "The other server or the network failed at the worst moment (RFC 1047).",
        action: "None; the recipient may get it twice."
    )
    static let failed = EventDefinition(
        4117,
        "queue.delivery.failed",
        .error,
        text: "A message cannot be delivered and is given up.",
        cause: "The reply says why; it is the other server's, or this one's when its time was over.",
        action: "Do what the reply asks for; the sender is told."
    )
    static let reported = EventDefinition(
        9706,
        "queue.reported",
        .information,
        text: "A report on a message is on its way to its sender, or to postmaster.",
        cause: "A recipient was given up, has waited for long, or has the message and the sender wanted to know.",
        action: "None."
    )
    static let reportImpossible = EventDefinition(
        4120,
        "queue.report.impossible",
        .error,
        text: "A notice to postmaster cannot be delivered; it was set aside.",
        cause: "The address of postmaster does not work.",
        action: "Set directory/postmaster to a mailbox that somebody reads; then: martlet queue thaw."
    )
    static let setAside = EventDefinition(
        4182,
        "queue.set-aside",
        .error,
        text: "A message was set aside.",
        cause: "It was being sent at two deaths of the transport, is damaged, or ended in doubt too often.",
        action: "Look at it: martlet queue show and export; then thaw, return or remove it."
    )
    static let destinationFailed = EventDefinition(
        4000,
        "queue.destination.failed",
        .warning,
        text: "Nobody at a destination can be talked to; mail for it waits.",
        cause: "The reason says it: no answer, no host, no secure connection.",
        action: "None, if it ends well; to try at once: martlet queue force."
    )
    static let destinationBack = EventDefinition(
        9707,
        "queue.destination.back",
        .information,
        text: "A destination can be talked to again.",
        cause: "It answered.",
        action: "None."
    )
    static let asleep = EventDefinition(
        9708,
        "queue.asleep",
        .error,
        text: "A message had no next event; it was put right.",
        cause: "An error in this program.",
        action: "Report it with the events of this message."
    )
    static let damaged = EventDefinition(
        9709,
        "queue.damaged",
        .error,
        text: "Records of the queue are lost.",
        cause: "The disk gave back other octets than were written.",
        action: "Check the disk; compare what was accepted (event 9701) with what became of it."
    )
    static let writeFailed = EventDefinition(
        9710,
        "queue.write.failed",
        .error,
        text: "A record of the queue could not be written.",
        cause: "The disk is full, or fails.",
        action: "Make room, or look at the disk."
    )
    static let diskLow = EventDefinition(
        9711,
        "queue.disk.low",
        .error,
        text: "There is little room on the queue's disk; no message is queued (452 4.3.1).",
        cause: "Less is free than queue/low-disk.",
        action: "Make room; mail is taken again by itself."
    )
    static let diskBack = EventDefinition(
        9712,
        "queue.disk.back",
        .information,
        text: "There is room on the queue's disk again.",
        cause: "Something was deleted, or queue/low-disk was changed.",
        action: "None."
    )
    static let clockSet = EventDefinition(
        9713,
        "queue.clock.set",
        .warning,
        text: "The clock was set; the times of queued messages stay as they were.",
        cause: "Somebody or something set the machine's clock by more than two seconds.",
        action: "None."
    )
    static let frozen = EventDefinition(
        9714,
        "queue.frozen",
        .information,
        text: "Messages were frozen.",
        cause: "An administrator asked for it.",
        action: "None; they are sent after: martlet queue thaw."
    )
    static let thawed = EventDefinition(
        9715,
        "queue.thawed",
        .information,
        text: "Messages were thawed.",
        cause: "An administrator asked for it.",
        action: "None."
    )
    static let removed = EventDefinition(
        9716,
        "queue.removed",
        .warning,
        text: "A message was taken out of the queue without a report.",
        cause: "An administrator asked for it, or nothing of it could be read and its time was over.",
        action: "None."
    )
    static let forced = EventDefinition(
        9717,
        "queue.forced",
        .information,
        text: "Messages are tried at once.",
        cause: "An administrator asked for it, or the destination did (ETRN).",
        action: "None."
    )
}

package let queueEvents: [EventDefinition] = [
    .opened, .rebuilt, .accepted, .held, .delivered, .deferred, .inDoubt, .failed, .reported, .reportImpossible,
    .setAside, .destinationFailed, .destinationBack, .asleep, .damaged, .writeFailed, .diskLow, .diskBack, .clockSet,
    .frozen, .thawed, .removed, .forced,
]
