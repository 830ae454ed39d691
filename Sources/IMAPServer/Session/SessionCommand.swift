// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

/// What a session is when a command is checked.
struct SessionFacts {
    var isSelected: Bool
    var isReadOnly: Bool
    var enabled: EnabledExtensions
    var maximumMessageOctets: UInt64
    var allowsUnauthenticate: Bool
    /// Whether there are rights to mailboxes (RFC 4314).
    var sharesMailboxes: Bool
}

/// How a command is answered that was done.
struct Completion {
    /// NO only where a part of it could not be done.
    var condition = StatusResponse.Condition.ok
    var code: ResponseCode?
    /// `nil` for the name of the command and `completed`.
    var text: String?
    var next = Next.command
    /// What follows the answer is compressed.
    var startsCompression = false

    /// What comes behind the answer.
    enum Next {
        case command
        /// Somebody else's session, or the same one's again.
        case logOn
        case end
    }

    static let done = Completion()
    static let leaving = Completion(next: .end)
}

/// A command that is valid after log-on.
protocol SessionCommand: IMAPCommand {
    /// Whether the command is permitted and makes sense here; pure. What `traits` say has been looked at.
    func check(_ facts: SessionFacts) throws(CommandRefusal)

    /// Does it, and sends the untagged responses that belong to it.
    func perform(in session: IMAPSession) async throws -> Completion
}

extension SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {}
}

extension IMAPCommand {
    /// What the traits of the command forbid.
    func checkTraits(_ facts: SessionFacts) throws(CommandRefusal) {
        guard !Self.traits.isDisjoint(with: facts.isSelected ? .selected : .authenticated) else {
            throw .bad("\(Self.name) needs a selected mailbox")
        }
        let usesNumbers = Self.traits.contains(.usesSequenceNumbers) && !isUID
        guard !usesNumbers || !facts.enabled.contains(.uidOnly) else { throw .uidRequired }
        guard !Self.traits.contains(.changesMailbox) || !facts.isReadOnly else {
            throw .no(.readOnly, "The mailbox is open for reading only")
        }
    }
}
