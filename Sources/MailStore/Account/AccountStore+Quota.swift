// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes

// Quota (RFC 9208): what adds messages is refused beyond the bounds; what moves or removes them never is.
extension AccountStore {
    package func quota() async throws(MailStoreError) -> QuotaStatus {
        QuotaStatus(usage: state.usage, limits: await quotaLimits())
    }

    /// The bounds that hold now.
    func quotaLimits() async -> QuotaLimits {
        limits = await services.quota(id)
        return limits
    }

    /// Throws `.overQuota` when so much more would be beyond the bounds, with what is under way counted.
    func admit(octets: UInt64, messages: UInt64, within limits: QuotaLimits) throws(MailStoreError) {
        var usage = state.usage
        usage.octets = usage.octets &+ underWay.usage.octets
        usage.messages = usage.messages &+ underWay.usage.messages
        guard !usage.admits(octets: octets, messages: messages, within: limits) else { return }
        warn(100)
        throw MailStoreError(
            .overQuota,
            "the account is over its quota",
            detail: "\(usage.octets) octets and \(usage.messages) messages are stored, \(octets) and \(messages) "
                + "more were refused"
        )
    }

    /// Says once when 90 and 100 percent are reached; again only after the account was below in between.
    func warnOfQuota() {
        guard limits != .none || warnedPercent > 0 else { return }
        switch state.usage.percent(of: limits) {
        case 100...: warn(100)
        case 90..<100: warn(90)
        default: warnedPercent = 0
        }
    }

    private func warn(_ percent: UInt64) {
        guard percent > warnedPercent else { return }
        warnedPercent = percent
        services.events.record(
            percent < 100 ? .quotaNearlyReached : .quotaReached,
            [
                "store.account": .count(id.rawValue),
                "store.octets": .count(state.usage.octets), "store.octets.limit": .count(limits.octets ?? 0),
                "store.messages": .count(state.usage.messages), "store.messages.limit": .count(limits.messages ?? 0),
            ]
        )
    }
}

// Threads (RFC 8474 §5.2).
extension AccountStore {
    /// The thread of a new message: that of the nearest message it is known to answer, else one of its own.
    func planThread(of keys: ThreadKeys, _ email: EmailID) -> ThreadID {
        for key in keys.keys {
            if let known = underWay.thread(key) ?? state.threads[key] { return known }
        }
        return keys.root.map { ThreadID(root: $0) } ?? ThreadID(alone: email)
    }
}
