// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPServer
internal import SMTPWire

/// What of a message the queue gets: one record, so that whoever dies, it has all of these recipients or none.
///
/// However often somebody is named, they get the message once, under the name that is added first.
struct QueuedRecipientList {
    private(set) var recipients: [QueuedRecipient] = []
    private let ids: [AccountID: DeliveryID]
    private var accounts: Set<AccountID>
    private var addresses: Set<String> = []

    /// - Parameters:
    ///   - ids: of deliveries that were tried.
    ///   - delivered: accounts that have the message.
    init(ids: [AccountID: DeliveryID] = [:], delivered: Set<AccountID> = []) {
        self.ids = ids
        accounts = delivered
    }

    private mutating func insert(_ account: AccountID) -> Bool { accounts.insert(account).inserted }

    private mutating func insert(_ address: MailboxAddress) -> Bool {
        addresses.insert("\(address.localPart.folded)@\(address.domain)").inserted
    }

    /// Adds one that stands for itself.
    mutating func add(_ recipient: TransactionRecipient) {
        guard !recipient.isRelayed else {
            if case .address(let address) = recipient.forwardPath, !insert(address) { return }
            recipients.append(QueuedRecipient(command(recipient.forwardPath, for: recipient), destination: ""))
            return
        }
        for delivery in recipient.deliveries where insert(delivery.account) {
            var command = command(.address(delivery.address), for: recipient)
            command.account = delivery.account
            command.delivery = ids[delivery.account] ?? .random()
            recipients.append(QueuedRecipient(command, destination: ""))
        }
    }

    /// Adds one that stands for others.
    ///
    /// RFC 3461 §5.2.7: an alias of one passes on what the sender asked for; of several, the sender is told that the
    /// message was expanded, and hears of them only what goes wrong; the members of a list are its owner's business.
    mutating func expand(_ recipient: TransactionRecipient) {
        let members = recipient.members
        let isList = members.contains { $0.sender != nil }
        let isOne = members.count == 1 && !isList
        for member in members {
            let isNew = if let account = member.account { insert(account) } else { insert(member.address) }
            guard isNew else { continue }
            var command = RecipientCommand(.address(member.address))
            if member.sender == nil {
                command = self.command(.address(member.address), for: recipient)
                if !isOne { command.notify = Self.withoutSuccess(command.notify) }
            }
            command.account = member.account
            if let account = member.account { command.delivery = ids[account] ?? .random() }
            var queued = QueuedRecipient(command, destination: "")
            queued.sender = member.sender
            if member.account == nil, case .address(let address) = recipient.forwardPath { queued.forwarder = address }
            recipients.append(queued)
        }
        if !isOne, recipient.wantsSuccess { append(recipient, isList ? .list : .expanded) }
    }

    /// Adds one with which something else is done.
    mutating func append(_ recipient: TransactionRecipient, _ role: QueuedRecipient.Role) {
        var queued = QueuedRecipient(command(recipient.forwardPath, for: recipient), destination: "")
        queued.role = role
        recipients.append(queued)
    }

    private func command(_ path: ForwardPath, for recipient: TransactionRecipient) -> RecipientCommand {
        var command = RecipientCommand(path)
        command.notify = recipient.notify
        command.originalRecipient = recipient.originalRecipient
        if command.originalRecipient == nil, path != recipient.forwardPath,
            case .address(let address) = recipient.forwardPath
        {
            command.originalRecipient = .init(addressType: "rfc822", address: "\(address)")
        }
        return command
    }

    /// Who asked only for success hears nothing more.
    private static func withoutSuccess(_ notify: RecipientCommand.Notify?) -> RecipientCommand.Notify? {
        guard case .on(_, let failure, let delay) = notify else { return notify }
        return failure || delay ? .on(success: false, failure: failure, delay: delay) : .never
    }
}

extension TransactionRecipient {
    /// Mail for it is for several accounts, or for others than its own.
    var standsForOthers: Bool { !expansion.isEmpty || deliveries.count > 1 }

    fileprivate var members: [ExpandedRecipient] {
        expansion.isEmpty ? deliveries.map { ExpandedRecipient(account: $0.account, address: $0.address) } : expansion
    }

    fileprivate var wantsSuccess: Bool { if case .on(success: true, _, _) = notify { true } else { false } }
}

extension LocalDeliveryRound {
    /// As `forQueue`; of more than this many it is put together on a thread of its own.
    func listForQueue(_ replies: [SMTPReply]) async -> (recipients: [QueuedRecipient], positions: [Int]) {
        let count = transaction.recipients.reduce(0) { $0 + max(1, $1.expansion.count, $1.deliveries.count) }
        guard count > Self.manyRecipients else { return forQueue(replies) }
        return await BlockingPool.shared.run { forQueue(replies) }
    }

    private static let manyRecipients = 500

    /// What is left for the queue, and to which recipients of the transaction that belongs.
    ///
    /// Of a message that goes to other servers the client learns only that it is queued: what an account refused is
    /// reported.
    func forQueue(_ replies: [SMTPReply]) -> (recipients: [QueuedRecipient], positions: [Int]) {
        var left = QueuedRecipientList(ids: ids, delivered: Set(answers.filter { $0.value.isPositive }.keys))
        var positions: [Int] = []
        let reportsRefusals = transaction.recipients.contains { $0.isRelayed || $0.standsForOthers }
        // Who was named is reported under that name, whatever groups they are in besides.
        for (index, recipient) in transaction.recipients.enumerated() where !recipient.standsForOthers {
            let isOpen = replies[index].severity == .transient || (reportsRefusals && !replies[index].isPositive)
            guard goesToQueue(recipient) || isOpen else { continue }
            positions.append(index)
            left.add(recipient)
        }
        for (index, recipient) in transaction.recipients.enumerated() where recipient.standsForOthers {
            guard goesToQueue(recipient), !isReturned(recipient) || transaction.recipients.count > 1 else { continue }
            positions.append(index)
            guard !isReturned(recipient) else {
                left.append(recipient, .loop)
                continue
            }
            left.expand(recipient)
            recordExpansion(recipient)
        }
        return (left.recipients, positions)
    }

    private func recordExpansion(_ recipient: TransactionRecipient) {
        owner.events.record(
            .expanded,
            [
                "smtp.recipient": .string("\(recipient.forwardPath)"),
                "smtp.recipient-count": .count(recipient.members.count),
                "message.id": .string(transaction.messageID ?? ""),
            ],
            trace: transaction.trace.text
        )
    }

    // MARK: Loops

    /// The message passed this address before, which sent it on: it would do so for ever.
    func isReturned(_ recipient: TransactionRecipient) -> Bool {
        guard !recipient.expansion.isEmpty, case .address(let own) = recipient.forwardPath else { return false }
        return transaction.deliveredTo.contains {
            $0.domain == own.domain && $0.localPart.folded == own.localPart.folded
        }
    }

    /// The answer for such a recipient, when it is the only one; among others it is reported.
    func returned(_ recipient: TransactionRecipient) -> SMTPReply {
        owner.events.record(
            .returned,
            [
                "smtp.recipient": .string("\(recipient.forwardPath)"),
                "smtp.sender": .string("\(transaction.reversePath)"),
                "message.id": .string(transaction.messageID ?? ""),
            ],
            trace: transaction.trace.text
        )
        return LocalQueueDelivery.loop
    }
}
