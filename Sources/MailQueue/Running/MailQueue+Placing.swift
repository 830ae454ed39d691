// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import SMTPWire

/// Where a recipient waits, and for what.
struct Placing: Sendable, Hashable {
    var destination: String
    /// What keeps it from being sent; `nil` when nothing does.
    var status: DeliveryStatus?
    /// When it may be sent, or is looked at again.
    var next: Int64 = 0
    /// It will never be sent.
    var isRefused = false
}

extension Placing {
    /// The same, and not before `release`.
    func held(until release: Int64, at now: Int64) -> Placing {
        guard release > now, !isRefused, next < release else { return self }
        var held = self
        held.next = release
        held.status = DeliveryStatus(QueueReplies.unreleased, time: now)
        return held
    }
}

/// When what happens to a message that is new.
struct MessageTimes: Sendable, Hashable {
    /// From when on it is delivered (RFC 4865 §4).
    var release: Int64
    /// When it goes back to its sender.
    var expiry: Int64
    /// When its sender is told that it takes long; 0 for never.
    var delayNotice: Int64

    init(_ message: QueuedMessage, at now: Int64, _ policy: QueuePolicy, releasedAt: Int64?) {
        release = max(now, releasedAt ?? now)
        expiry = release &+ policy.expiry(of: message.priority)
        let isReported = policy.delayNotice > 0 && message.origin == .received
        delayNotice = isReported ? release &+ policy.delayNotice : 0
        // RFC 2852 §4: counted from its arrival.
        guard let by = message.mail.deliverBy else { return }
        let end = now &+ by.seconds &* 1000
        switch by.mode {
        case .giveBack: expiry = min(expiry, end)
        case .notify where by.seconds > 0: delayNotice = delayNotice == 0 ? end : min(delayNotice, end)
        case .notify: break
        }
    }
}

extension MailQueue {
    /// The destination of this server's own accounts.
    package static var localDestination: String { "local" }
    /// The destination of recipients that go nowhere at present.
    package static var noDestination: String { "unroutable" }

    /// Asks the router for a recipient.
    func placing(_ message: QueuedMessage, _ index: Int, size: UInt64, at now: Int64) -> Placing {
        let recipient = message.recipients[index]
        guard !recipient.isLocal else { return Placing(destination: Self.localDestination) }
        switch services.router.route(recipient.command, of: message, size: size, at: wall(now)) {
        case .destination(let name, nil): return Placing(destination: name)
        case .destination(let name, let opensAt?):
            let next = opensAt &- timeline.offset
            guard next > now else { return Placing(destination: name) }
            return Placing(
                destination: name,
                status: DeliveryStatus(QueueReplies.scheduled, time: now),
                next: next
            )
        case .held(let name):
            return Placing(destination: name, status: DeliveryStatus(QueueReplies.held, time: now), next: .max)
        case .refused(let reply):
            return Placing(
                destination: Self.noDestination,
                status: DeliveryStatus(reply, time: now),
                isRefused: true
            )
        case .waits(let reply):
            return Placing(
                destination: Self.noDestination,
                status: DeliveryStatus(reply, time: now),
                next: now &+ policy.retry.pause(after: 1)
            )
        }
    }
}
