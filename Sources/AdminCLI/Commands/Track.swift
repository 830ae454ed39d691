// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let track = Command(
        "track",
        summary: "Tell the lives of messages: received, queued, tried, delivered, stored",
        discussion:
            "What is given must all be true of a message; its steps are then shown with the final reply of each. "
            + "Steps are kept for tracking/keep. Works without a running server. Where the log says that something is "
            + "missing (a process died, the disk was full), that is shown, too.",
        options: [
            .trackMessageID, .trackRecipient, .trackSender, .trackSince, .trackTrace, .trackQueueID, .trackLimit, .json,
        ],
        examples: [
            "martlet track --message-id 20261121.1@example.org", "martlet track --recipient bob@example.org --since 2d",
            "martlet track --sender example.net --since 1h --json",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let options: [Option] = [
                .trackMessageID, .trackRecipient, .trackSender, .trackSince, .trackTrace, .trackQueueID, .trackLimit,
            ]
            let query = options.compactMap { option in
                invocation.value(option).map { AdminRequest.Parameter(String(option.name.dropFirst(2)), $0) }
            }
            guard query.contains(where: { $0.name != "limit" }) else {
                throw CommandError(.usage, "Say which messages: --message-id, --recipient, --sender or --since.")
            }
            let found = try await invocation.ask(.get, ["tracking"], query: query)
            invocation.show(found, text: trackingText)
            guard found["messages"]?.array?.isEmpty == false else {
                throw CommandError(.findings, "Nothing is known of such a message.")
            }
        }
    )
}

extension Option {
    fileprivate static let trackMessageID = Option("--message-id", value: "ID", help: "The message of this Message-ID")
    fileprivate static let trackRecipient = Option(
        "--recipient",
        value: "ADDRESS",
        help: "Messages to this address, or to this domain"
    )
    fileprivate static let trackSender = Option(
        "--sender",
        value: "ADDRESS",
        help: "Messages with this reverse-path, or of this domain; <> for reports"
    )
    fileprivate static let trackSince = Option(
        "--since",
        value: "TIME",
        help: "How long ago (15m, 1h, 2d) or 2026-11-21T07:00:00Z"
    )
    fileprivate static let trackTrace = Option("--trace", value: "ID", help: "The message of this trace id")
    fileprivate static let trackQueueID = Option("--queue-id", value: "ID", help: "The message of this queue id")
    fileprivate static let trackLimit = Option("--limit", value: "N", help: "At most so many messages, the newest (20)")
}

private func trackingText(_ found: JSONValue) -> String {
    var lines: [String] = []
    for message in found["messages"]?.array ?? [] {
        if !lines.isEmpty { lines.append("") }
        let id = message.shown("messageId")
        lines.append(
            PrintableText.escaped(
                "Message \(id.isEmpty ? "without an id" : id), from \(message.shown("sender")), trace \(message.shown("trace"))"
            )
        )
        lines += (message["steps"]?.array ?? []).map(stepText)
    }
    if found["isCut"]?.bool == true { lines.append("There are more; see --limit and --since.") }
    for gap in found["gaps"]?.array ?? [] {
        let moment = gap.shown("time").prefix(19).replacing("T", with: " ")
        lines.append(PrintableText.escaped("Missing: \(gap.shown("process")), \(moment): \(gap.shown("reply"))"))
    }
    return lines.joined(separator: "\n")
}

/// `  2026-11-21 07:16:47.123 attempt delivered bob@example.org: 250 2.0.0 OK (mx.example.org[192.0.2.1]:25)`.
private func stepText(_ step: JSONValue) -> String {
    var line = "  \(step.shown("time").prefix(23).replacing("T", with: " ")) \(step.shown("stage"))"
    line += " \(step.shown("outcome"))"
    let recipients = step["recipients"]?.strings ?? []
    if !recipients.isEmpty {
        line += " " + recipients.prefix(10).joined(separator: ", ")
        if recipients.count > 10 { line += " and \(recipients.count - 10) more" }
    }
    let reply = step.shown("reply")
    if !reply.isEmpty { line += ": \(reply)" }
    var notes: [String] = []
    for (name, title) in [
        ("peer", ""), ("user", "user "), ("queueId", "queue id "), ("octets", "octets "), ("next", "next "),
    ] {
        let text = step.shown(name)
        if !text.isEmpty { notes.append(title + text) }
    }
    notes += (step["details"]?.members ?? []).map { "\($0.name) \($0.value.string ?? "")" }
    if !notes.isEmpty { line += " (\(notes.joined(separator: "; ")))" }
    return PrintableText.escaped(line)
}
