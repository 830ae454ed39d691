// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What holds for a command, as data that the dispatcher reads.
package struct CommandTraits: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Valid before log-on.
    package static let notAuthenticated = CommandTraits(rawValue: 1 << 0)
    /// Valid after log-on while no mailbox is selected.
    package static let authenticated = CommandTraits(rawValue: 1 << 1)
    /// Valid while a mailbox is selected.
    package static let selected = CommandTraits(rawValue: 1 << 2)
    /// Valid only in a mailbox that was not opened with EXAMINE.
    package static let changesMailbox = CommandTraits(rawValue: 1 << 3)
    /// Its message numbers must not shift under it: no EXPUNGE is sent before it is completed, and none with its
    /// completion, unless it was sent with UID in front (RFC 9051 §7.5.1).
    package static let holdsExpunges = CommandTraits(rawValue: 1 << 4)
    /// The session has left the mailbox when it ends, so that nothing of the mailbox is reported any more.
    package static let leavesMailbox = CommandTraits(rawValue: 1 << 5)

    /// Names messages by sequence numbers, unless it was sent with UID in front.
    package static let usesSequenceNumbers = CommandTraits(rawValue: 1 << 6)

    package static let always: CommandTraits = [.notAuthenticated, .authenticated, .selected]
    package static let loggedOn: CommandTraits = [.authenticated, .selected]
}
