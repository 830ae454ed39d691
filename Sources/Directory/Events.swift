// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let logOnFailed = EventDefinition(
        13003,
        "directory.log-on.failed",
        .failureAudit,
        text: "A log-on failed.",
        cause:
            "Unknown user, wrong password, or an account that may not use this service; the reason is in the fields.",
        action: "None for single ones; for many from one address, look at who asks; use martlet account show ADDRESS."
    )
    package static let directoryUnavailable = EventDefinition(
        9200,
        "directory.unavailable",
        .error,
        text: "The directory did not answer; clients are told to come back later.",
        cause: "The database file cannot be read: disk full or failing, or another process holds it for seconds.",
        action: "Read the error in the fields; check free space and the permissions of the directory's files."
    )
    package static let hashingOverloaded = EventDefinition(
        9201,
        "directory.log-on.overloaded",
        .warning,
        text: "A log-on was put off because too many passwords wait to be checked.",
        cause:
            "More first log-ons at once than directory/hashing-queue; repeated ones are remembered and cost nothing.",
        action: "If these are your users, raise directory/hashing-queue; if not, look at the addresses in event 13003."
    )
    package static let directoryChanged = EventDefinition(
        9202,
        "directory.changed",
        .successAudit,
        text: "The directory was changed.",
        cause: "An administrator added, changed or removed a domain, an account, an alias or a group.",
        action: "None."
    )
    package static let aliasTooLarge = EventDefinition(
        9203,
        "directory.alias.too-large",
        .error,
        text: "An address stands for more others than can be delivered to at once; its mail is put off.",
        cause: "Aliases and groups in it together name more than 10,000 addresses.",
        action: "Divide it; martlet group show ADDRESS and martlet alias list tell what it stands for."
    )
    package static let groupLeftOut = EventDefinition(
        9204,
        "directory.group.left-out",
        .information,
        text: "Mail to an address does not go to a group behind it, whose rules do not permit the sender.",
        cause: "An alias or a forward leads to the group and to others, who get the mail; the sender is none of those "
            + "whom the group takes mail from.",
        action: "None; to let such mail through, change the group's rules: martlet group set ADDRESS --sender."
    )
    package static let banSet = EventDefinition(
        9205,
        "directory.ban.set",
        .warning,
        text: "An address or an account was banned from logging on for a while.",
        cause: "Too many log-ons failed (directory/failures-per-address, directory/failures-per-account), or an "
            + "administrator asked for it.",
        action:
            "None for a stranger. For one of your users: have the password corrected in his programs, and use martlet "
            + "auth bans lift; add a network of yours to directory/trusted-networks."
    )
    package static let banLifted = EventDefinition(
        9206,
        "directory.ban.lifted",
        .successAudit,
        text: "A ban from logging on was lifted.",
        cause: "An administrator asked for it.",
        action: "None."
    )
}

/// Every event of this module.
package let directoryEvents: [EventDefinition] = [
    .logOnFailed, .directoryUnavailable, .hashingOverloaded, .directoryChanged, .aliasTooLarge, .groupLeftOut,
    .banSet, .banLifted,
]
