// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
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
        placer(at: now).placing(message, index, size: size)
    }

    /// Asks the router for each recipient of a message that has many, on a thread of its own.
    func placings(_ message: QueuedMessage, size: UInt64) async -> [Placing] {
        let placer = placer(at: now)
        return await BlockingPool.shared.run {
            message.recipients.indices.map { placer.placing(message, $0, size: size) }
        }
    }

    private func placer(at now: Int64) -> Placer {
        Placer(router: services.router, offset: timeline.offset, retry: policy.retry, now: now)
    }
}

/// Asks the router where recipients are to wait.
struct Placer: Sendable {
    let router: any QueueRouter
    /// The time of day less the queue's own time.
    let offset: Int64
    let retry: RetryList
    let now: Int64

    func placing(_ message: QueuedMessage, _ index: Int, size: UInt64) -> Placing {
        let recipient = message.recipients[index]
        guard !recipient.isLocal else { return Placing(destination: MailQueue.localDestination) }
        switch router.route(recipient.command, of: message, size: size, at: now &+ offset) {
        case .destination(let name, nil): return Placing(destination: name)
        case .destination(let name, let opensAt?):
            let next = opensAt &- offset
            guard next > now else { return Placing(destination: name) }
            return Placing(
                destination: name,
                status: DeliveryStatus(QueueReplies.scheduled, time: now),
                next: next
            )
        case .held(let name):
            return Placing(destination: name, status: DeliveryStatus(QueueReplies.held(name), time: now), next: .max)
        case .refused(let reply):
            return Placing(
                destination: MailQueue.noDestination,
                status: DeliveryStatus(reply, time: now),
                isRefused: true
            )
        case .waits(let reply):
            return Placing(
                destination: MailQueue.noDestination,
                status: DeliveryStatus(reply, time: now),
                next: now &+ retry.pause(after: 1)
            )
        }
    }
}
