// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueShow = Command(
        "show",
        summary: "Show a queued message with its recipients",
        arguments: [.queueID],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let message = try await invocation.askQueue(.get, of: try invocation.word(.queueID))
            invocation.show(message) { message in
                let fields = [
                    ("Message", "id"), ("State", "state"), ("Sender", "sender"), ("User", "user"), ("From", "peer"),
                    ("Message-ID", "messageId"), ("Trace", "trace"), ("Size", "size"), ("Priority", "priority"),
                    ("Origin", "origin"), ("Arrival", "arrival"), ("Next event", "nextEvent"), ("Expiry", "expiry"),
                    ("Why", "why"),
                ]
                let head = fields.map { "\($0.0): \(PrintableText.escaped(message.shown($0.1)))" }
                return (head + (message["recipients"]?.array ?? []).map(Self.recipientLine)).joined(separator: "\n")
            }
        }
    )

    static let queueWhy = Command(
        "why",
        summary: "Say why a message is still here, and what happens next",
        arguments: [.queueID],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let message = try await invocation.askQueue(.get, of: try invocation.word(.queueID))
            invocation.show(message) { message in
                let isFrozen = message["state"]?.string == "frozen"
                let head = isFrozen ? [PrintableText.escaped(message.shown("why"))] : []
                return (head + (message["recipients"]?.array ?? []).map(Self.recipientLine)).joined(separator: "\n")
            }
        }
    )

    private static func recipientLine(_ recipient: JSONValue) -> String {
        var line = "\(recipient.shown("recipient")): \(recipient.shown("state"))"
        let reply = recipient.shown("reply")
        if !reply.isEmpty { line += ", \(reply)" }
        let host = recipient.shown("host")
        if !host.isEmpty { line += " (\(host))" }
        let next = recipient.shown("nextEvent")
        if !next.isEmpty { line += "; next event at \(next)" }
        return PrintableText.escaped("\(line); tries: \(recipient.shown("attempts"))")
    }
}
