// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

// How many messages one command handles (RFC 9738 §3.1). What is left is below the UID that the client is told.
extension IMAPSession {
    /// As many of some messages as one command handles, those with the greatest UIDs; with a code for the client, when
    /// these are not all.
    func limited(_ uids: UIDSet) -> (uids: UIDSet, code: ResponseCode?) {
        guard let limit = configuration.messageLimit, limit.scope == .all, uids.count > limit.count else {
            return (uids, nil)
        }
        let handled = uids.greatest(limit.count)
        return (handled, .messageLimit(UInt32(clamping: limit.count), lowest: handled.least))
    }

    /// As above, by their places in the selected mailbox.
    func limited(_ indices: [Range<Int>], in view: MailboxView) -> (indices: [Range<Int>], code: ResponseCode?) {
        // Most commands are far from any limit.
        let most = configuration.messageLimit?.count ?? .max
        guard indices.reduce(0, { $0 + $1.count }) > most else { return (indices, nil) }
        let (uids, code) = limited(view.uids(of: indices))
        guard code != nil else { return (indices, nil) }
        return (view.indices(of: uids), code)
    }

    /// Refuses pages that are larger than what one command handles: nothing of them is answered.
    func check(_ page: PartialRange) throws(CommandRefusal) {
        guard let limit = configuration.messageLimit, limit.scope == .all else { return }
        let size = Int(max(page.first, page.last)) - Int(min(page.first, page.last)) + 1
        guard size <= limit.count else { throw Self.exceeded(limit) }
    }

    /// Refuses to copy more than one command may: COPY is all or nothing (RFC 9051 §6.4.7).
    func checkCopied(_ uids: UIDSet) throws(CommandRefusal) {
        guard let limit = configuration.messageLimit, uids.count > limit.count else { return }
        throw Self.exceeded(limit, lowest: uids.greatest(limit.count).least)
    }

    static func exceeded(_ limit: MessageLimit, lowest: UID? = nil) -> CommandRefusal {
        CommandRefusal(
            condition: .no,
            code: .messageLimit(UInt32(clamping: limit.count), lowest: lowest),
            text: "At most \(limit.count) messages in one command"
        )
    }

    /// Tells of the limit with the answer; before it, where the answer has a code of its own, or is a refusal.
    func answering(_ limit: ResponseCode?, _ answer: () throws -> Completion) throws -> Completion {
        guard let limit else { return try answer() }
        let text = "There are more messages than one command handles"
        do {
            var completion = try answer()
            if completion.code == nil, completion.condition == .ok {
                completion.code = limit
                completion.text = text
            } else {
                send(.untagged(StatusResponse(.no, limit, text)))
            }
            return completion
        } catch {
            send(.untagged(StatusResponse(.no, limit, text)))
            throw error
        }
    }
}
