// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import JournalStore
internal import MailTypes

/// What upkeep came to, as JSON.
enum StoreRows {
    static func json(_ statistics: StoreStatistics, number: Int, folder: String) -> JSONValue {
        [
            "number": .integer(Int64(number)), "folder": .string(folder), "identity": .string(statistics.identity),
            "accounts": .integer(Int64(statistics.accounts)), "octets": count(statistics.octets),
            "liveOctets": .optional(statistics.liveOctets), "snapshots": .integer(Int64(statistics.snapshots)),
            "snapshotOctets": count(statistics.snapshotOctets), "freedOctets": count(statistics.freedOctets),
            "availableOctets": count(statistics.availableOctets),
            "shards": .array(
                statistics.shards.map { shard in
                    [
                        "number": .integer(Int64(shard.number)), "segments": .integer(Int64(shard.segments)),
                        "octets": count(shard.octets), "liveOctets": .optional(shard.liveOctets),
                        "activeSegment": .integer(Int64(shard.activeSegment)),
                    ]
                }
            ),
        ]
    }

    static func json(_ finding: CheckFinding) -> JSONValue {
        [
            "kind": .string(finding.kind.rawValue), "file": .string(finding.file), "offset": count(finding.offset),
            "account": .optional(finding.account?.rawValue), "mailbox": .optional(finding.mailbox?.text),
            "uid": .optional(finding.uid?.rawValue), "lostOctets": count(finding.octetsLost),
            "isInMail": .bool(finding.isInMail), "detail": .string(finding.detail),
        ]
    }

    static func json(_ report: CheckReport) -> JSONValue {
        [
            "segments": .integer(Int64(report.segments)), "records": .integer(Int64(report.records)),
            "octetsRead": count(report.octets), "accounts": .integer(Int64(report.accounts)),
            "messages": .integer(Int64(report.messages)),
            "findings": .integer(Int64(report.findings.count + report.omitted)),
        ]
    }

    static func json(_ report: ScrubReport) -> JSONValue {
        [
            "segments": .integer(Int64(report.segments)), "octetsRead": count(report.octets),
            "damagedMessages": .integer(Int64(report.messages)), "otherDamage": .integer(Int64(report.others)),
            "findings": .integer(Int64(report.messages + report.others)),
        ]
    }

    static func json(_ report: CompactionReport) -> JSONValue {
        [
            "segmentsRemoved": .integer(Int64(report.segmentsRemoved)), "octetsRemoved": count(report.octetsRemoved),
            "messagesMoved": .integer(Int64(report.messagesMoved)), "octetsMoved": count(report.octetsMoved),
            "octetsBefore": count(report.octetsBefore), "octetsAfter": count(report.octetsAfter),
            "stuckSegments": .strings(report.stuckSegments), "stopped": .optional(report.stopped),
        ]
    }

    static func json(_ report: RepairReport) -> JSONValue {
        [
            "findings": .integer(Int64(report.found.findings.count + report.found.omitted)),
            "filesRenewed": .strings(report.filesRenewed), "segmentsEmptied": .integer(Int64(report.segmentsEmptied)),
            "segmentsRemoved": .integer(Int64(report.segmentsRemoved)),
            "messagesMoved": .integer(Int64(report.messagesMoved)),
            "messagesReplaced": .integer(Int64(report.messagesReplaced)),
            "messagesDamaged": .integer(Int64(report.messagesDamaged)),
        ]
    }

    static func json(_ report: BackupReport) -> JSONValue {
        [
            "files": .integer(Int64(report.files)), "octetsCopied": count(report.octets), "made": .integer(report.made),
            "identity": .string(report.identity), "renewed": .strings(report.renewed),
        ]
    }

    private static func count(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }
}
