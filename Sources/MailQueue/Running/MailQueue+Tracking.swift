// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import SMTPWire

/// Outcomes of a try that are the same in all that is told of them.
private struct OutcomeGroup: Hashable {
    var kind: DeliveryOutcome.Kind
    var reply: SMTPReply
    var host: String?
    var tls: String?
    var destination: UInt32
    var next: Int64
}

extension MailQueue {
    /// Keeps for tracking that the queue has a message.
    func trackTaken(_ record: MessageRecord, size: UInt64) {
        services.events.track(
            {
                var entry = step(.queue, record.isFrozen ? "held" : "queued", record.id, record.message)
                entry.recipients = record.message.recipients.map { "\($0.command.forwardPath)" }
                entry.octets = size
                let destinations = Set(record.message.recipients.map(\.destination)).sorted()
                entry.details["destination"] = destinations.prefix(10).joined(separator: ", ")
                return entry
            }()
        )
    }

    /// Keeps for tracking what came of a try, one entry for all recipients that have the same outcome.
    func trackAttempt(_ loaded: LoadedMessage, _ recipients: [Int], _ result: DeliveryResult) {
        guard services.events.tracking?.isOn == true else { return }
        var groups: [OutcomeGroup: [Int]] = [:]
        let entry = state.entries[loaded.record.id]
        for (outcome, index) in zip(result.outcomes, recipients) where outcome.kind != .notTried {
            let slot = loaded.entry.slots[index]
            let isOver = outcome.kind == .delivered || outcome.kind == .bounced
            let group = OutcomeGroup(
                kind: outcome.kind,
                reply: outcome.reply,
                host: outcome.host,
                tls: outcome.tls,
                destination: slot.destination,
                next: isOver ? 0 : entry?.slots[index].next ?? 0
            )
            groups[group, default: []].append(index)
        }
        for (group, members) in groups {
            var entry = step(.attempt, group.kind.rawValue, loaded.record.id, loaded.message)
            entry.recipients = members.map { "\(loaded.message.recipients[$0].command.forwardPath)" }
            entry.reply = group.reply.wholeText
            entry.peer = group.host ?? ""
            entry.next = group.next == 0 || group.next == .max ? 0 : wall(group.next) &* 1_000_000
            entry.details["destination"] = state.destinations[group.destination].name
            entry.details["attempt"] = "\(loaded.entry.slots[members[0]].attempts &+ 1)"
            if let tls = group.tls { entry.details["tls"] = tls }
            if !result.attempts.isEmpty { entry.details["hosts"] = result.attempts.joined(separator: "; ") }
            services.events.track(entry)
        }
    }

    /// Keeps for tracking that recipients are given up.
    func trackFailure(_ loaded: LoadedMessage, _ failed: [(Int, DeliveryStatus)]) {
        services.events.track(
            {
                var entry = step(.queue, "given-up", loaded.record.id, loaded.message)
                entry.recipients = failed.map { "\(loaded.message.recipients[$0.0].command.forwardPath)" }
                entry.reply = failed.first?.1.reply.wholeText ?? ""
                entry.peer = failed.first?.1.host ?? ""
                return entry
            }()
        )
    }

    /// Keeps for tracking that a report was queued.
    func trackReport(_ record: MessageRecord, on loaded: LoadedMessage, _ covered: [Int]) {
        services.events.track(
            {
                var entry = step(.report, "queued", loaded.record.id, loaded.message)
                entry.recipients = covered.filter { loaded.message.recipients.indices.contains($0) }
                    .map { "\(loaded.message.recipients[$0].command.forwardPath)" }
                entry.details["report"] = record.id.description
                entry.details["report-trace"] = record.message.trace?.text ?? ""
                entry.details["to"] = record.message.recipients.prefix(5)
                    .map { "\($0.command.forwardPath)".filter { !"<>".contains($0) } }.joined(separator: ", ")
                return entry
            }()
        )
    }

    /// Keeps for tracking what an administrator, or harm, did to a message, which is read for its trace id.
    func trackChange(_ id: QueueID, _ outcome: String, _ reply: String = "", of loaded: LoadedMessage? = nil) async {
        guard services.events.tracking?.isOn == true else { return }
        var known = loaded
        if known == nil { known = try? await load(id) }
        guard let known else { return }
        var entry = step(.queue, outcome, id, known.message)
        entry.reply = reply
        services.events.track(entry)
    }

    private func step(
        _ stage: TrackingEntry.Stage,
        _ outcome: String,
        _ id: QueueID,
        _ message: QueuedMessage
    ) -> TrackingEntry {
        var entry = TrackingEntry(stage, outcome, trace: message.trace?.text ?? "")
        entry.messageID = message.messageID
        entry.queueID = id.description
        entry.sender = "\(message.mail.reversePath)"
        return entry
    }
}
