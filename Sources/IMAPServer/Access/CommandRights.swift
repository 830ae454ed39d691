// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// The rights that commands need (RFC 4314 §4): the one place that says so.
///
/// What is not here names no mailbox, or goes by what it does: STORE and FETCH look at the right of each flag, CLOSE expunges
/// only with `e`, and LIST tells what has `l`.
struct CommandRights {
    /// To the mailbox that the command names: all of these.
    var named: MailboxRights = []
    /// To the mailbox that the command names: one of these at least.
    var oneOf: MailboxRights = .all
    /// To the nearest mailbox above the one that is made.
    var parent: MailboxRights = []
    /// To the selected mailbox, beside `r`.
    var selected: MailboxRights = []

    /// A command that names a mailbox and is not in the table: nobody but the owner may do it.
    private static let unlisted = CommandRights(named: .all)

    private static let table: [String: CommandRights] = [
        "APPEND": CommandRights(named: .insert),
        "COPY": CommandRights(named: .insert),
        "CREATE": CommandRights(parent: .createMailboxes),
        "DELETE": CommandRights(named: .deleteMailbox),
        "DELETEACL": CommandRights(named: .administer),
        "ESEARCH": CommandRights(named: .read),
        "EXAMINE": CommandRights(named: .read),
        "EXPUNGE": CommandRights(selected: .expunge),
        "GETACL": CommandRights(named: .administer),
        "GETMETADATA": CommandRights(named: [.lookup, .read]),
        "GETQUOTAROOT": CommandRights(named: .read),
        "LISTRIGHTS": CommandRights(named: .administer),
        // RFC 6851 §3.3: as COPY, STORE of \Deleted and EXPUNGE.
        "MOVE": CommandRights(named: .insert, selected: [.deleteMessages, .expunge]),
        "MYRIGHTS": CommandRights(oneOf: .anyThatShows),
        "RENAME": CommandRights(named: .deleteMailbox, parent: .createMailboxes),
        "REPLACE": CommandRights(named: .insert, selected: [.deleteMessages, .expunge]),
        "SELECT": CommandRights(named: .read),
        "SETACL": CommandRights(named: .administer),
        "SETMETADATA": CommandRights(named: [.lookup, .read, .write]),
        "STATUS": CommandRights(named: .read),
    ]

    static func of(_ command: (some IMAPCommand).Type) -> CommandRights {
        table["\(command.name)"] ?? unlisted
    }
}

extension MailboxRights {
    /// One for each kind of flags that can be changed (RFC 4314 §4, STORE); all flags are shared with the owner.
    static let ofFlags: MailboxRights = [.keepSeen, .write, .deleteMessages]
    /// With one of these at least, the mailbox is told to be READ-WRITE (RFC 4314 §5.2).
    static let ofWriters: MailboxRights = [.insert, .expunge, .keepSeen, .write, .deleteMessages]

    /// Those of some flags that may be set and cleared.
    func permitted(_ flags: FlagSet) -> FlagSet {
        let system = flags.system.intersection(permittedSystemFlags)
        return FlagSet(system: system, keywords: contains(.write) ? flags.keywords : [])
    }

    /// Flags that may neither be set nor cleared.
    var keptFlags: KeptFlags {
        let all = SystemFlags.names.reduce(into: SystemFlags()) { $0.formUnion($1.flag) }
        return KeptFlags(system: all.subtracting(permittedSystemFlags), keywords: !contains(.write))
    }

    private var permittedSystemFlags: SystemFlags {
        var flags: SystemFlags = contains(.write) ? [.answered, .flagged, .draft] : []
        if contains(.keepSeen) { flags.insert(.seen) }
        if contains(.deleteMessages) { flags.insert(.deleted) }
        return flags
    }
}
