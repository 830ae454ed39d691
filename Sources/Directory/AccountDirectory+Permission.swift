// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
package import SASL

/// What an address stands for to one sender.
package enum PermittedResolution: Sendable, Hashable {
    case resolved(Resolution)
    /// All of it is behind groups that the sender may not send to.
    case forbidden
}

extension AccountDirectory {
    /// Another round is needed only when the directory was changed meanwhile.
    private static let maximumRounds = 8

    /// What an envelope recipient stands for when this sender writes to it.
    ///
    /// The rules of a group hold by whatever way mail comes to it: under its own address, an alias, or as what somebody
    /// forwards. What is behind groups that the sender may not send to is left out, which an event says when somebody
    /// is left. Inner groups take what the outer one takes.
    package func resolve(
        _ path: ForwardPath,
        from sender: ReversePath,
        user: AuthenticatedUser?
    ) async -> PermittedResolution {
        var closed: [MailboxAddress] = []
        var count = 0
        for _ in 0..<Self.maximumRounds {
            let found = await resolve(path, closed: Set(closed.map { MailboxAddress(folding: $0) }))
            guard case .expanded(let expansion) = found else {
                return !closed.isEmpty && (found == .unknown || found == .disabled) ? .forbidden : .resolved(found)
            }
            let before = closed.count
            for gate in expansion.gates {
                guard let isOpen = await permits(gate, sender, user) else { return .resolved(.temporary) }
                if !isOpen { closed.append(gate.address) }
            }
            guard closed.count > before else {
                if expansion.members.count < count { tell(path, sender, without: closed) }
                return .resolved(found)
            }
            count = max(count, expansion.members.count)
        }
        return .resolved(.temporary)
    }

    /// `nil` when that cannot be told now.
    private func permits(_ gate: GroupGate, _ sender: ReversePath, _ user: AuthenticatedUser?) async -> Bool? {
        guard gate.senders.namesMembers else { return gate.senders.permit(sender, user: user, members: []) }
        switch await resolve(gate.address) {
        case .temporary: return nil
        case .expanded(let group): return gate.senders.permit(sender, user: user, members: group.members)
        case .accounts, .unknown, .disabled, .notLocal: return gate.senders.permit(sender, user: user, members: [])
        }
    }

    private func tell(_ path: ForwardPath, _ sender: ReversePath, without closed: [MailboxAddress]) {
        events.record(
            .groupLeftOut,
            [
                "directory.address": .string("\(path)"), "directory.sender": .string("\(sender)"),
                "directory.groups": .string(closed.prefix(10).map { "\($0)" }.joined(separator: ", ")),
            ]
        )
    }
}
