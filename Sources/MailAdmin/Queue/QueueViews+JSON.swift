// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailQueue
internal import MailTypes
internal import SMTPWire

extension JSONValue {
    /// A moment, in milliseconds since 1970; null for never.
    fileprivate static func moment(_ milliseconds: Int64) -> JSONValue {
        let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        guard milliseconds > 0, !overflow else { return .null }
        return .string(Timestamp.text(nanoseconds: nanoseconds, fractionDigits: 3))
    }
}

extension DestinationView {
    var json: JSONValue {
        [
            "name": .string(name), "state": .string(state.rawValue), "recipients": .integer(Int64(recipients)),
            "active": .integer(Int64(active)), "window": .integer(Int64(window)),
            "failures": .integer(Int64(failures)), "why": .string(why), "nextEvent": .moment(nextEvent),
        ]
    }
}

extension MessageView {
    var json: JSONValue {
        let open = recipients.filter { !$0.state.isFinal }
        return [
            "id": .string(id.description), "state": .string(state.rawValue), "frozen": .bool(isFrozen),
            "sender": .string("\(sender)"),
            "origin": .string("\(origin)"), "priority": .string("\(priority)"),
            "size": .integer(Int64(clamping: size)), "arrival": .moment(arrival), "expiry": .moment(expiry),
            "nextEvent": .moment(nextEvent), "why": .string(why),
            "destination": .string(Set(open.map(\.destination)).sorted().joined(separator: ", ")),
            "trace": .optional(trace?.text), "messageId": .string(messageID), "peer": .string(peer),
            "user": .optional(user), "recipients": .array(recipients.map(\.json)),
        ]
    }
}

extension RecipientView {
    var json: JSONValue {
        [
            "recipient": .string("\(command.forwardPath)"),
            "originalRecipient": .optional(command.originalRecipient?.address),
            "state": .string(state.name), "destination": .string(destination),
            "attempts": .integer(Int64(attempts)), "reply": .optional(status?.reply.summary),
            "host": .optional(status?.host), "lastAttempt": lastAttempt,
            "nextEvent": .moment(nextEvent),
        ]
    }

    private var lastAttempt: JSONValue {
        guard attempts > 0, let status else { return .null }
        return .moment(status.time)
    }
}
