// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueFind = Command(
        "find",
        summary: "Find queued messages",
        discussion: "The oldest come first. With --json, one object a line.",
        options: [
            .queueDestination, .queueState, .queueSender, .queueRecipient, .queueMessageID, .queueTrace, .queueLimit,
            .json,
        ],
        examples: ["martlet queue find --state retry --to example.org", "martlet queue find --from ann@example.net"],
        action: .perform { (invocation) throws(CommandError) in
            let options: [Option] = [
                .queueDestination, .queueState, .queueSender, .queueRecipient, .queueMessageID, .queueTrace,
            ]
            let query = options.compactMap { option in
                invocation.value(option).map { AdminRequest.Parameter(String(option.name.dropFirst(2)), $0) }
            }
            guard let limit = Int(invocation.value(.queueLimit) ?? "1000"), limit > 0 else {
                throw CommandError(.usage, "--limit takes a number from 1.")
            }
            var rows: [JSONValue] = []
            for number in try await invocation.queueNumbers() where rows.count < limit {
                rows += try await invocation.queuedMessages(number, query, limit: limit - rows.count)
            }
            if invocation.has(.json) {
                for row in rows { invocation.terminal.write(String(decoding: row.encoded, as: UTF8.self) + "\n") }
                return
            }
            invocation.show(
                .array(rows),
                columns: [
                    ("ID", { $0.shown("id") }), ("STATE", { $0.shown("state") }),
                    ("SENDER", { PrintableText.escaped($0.shown("sender")) }),
                    ("DESTINATION", { PrintableText.escaped($0.shown("destination")) }),
                    ("SIZE", { $0.shown("size") }), ("NEXT EVENT", { $0.shown("nextEvent") }),
                    ("WHY", { PrintableText.escaped($0.shown("why")) }),
                ]
            )
        }
    )
}

extension Option {
    static let queueDestination = Option("--destination", value: "NAME", help: "Those that wait for this destination")
    static let queueState = Option(
        "--state",
        value: "STATE",
        help: "Those in this state",
        completion: .words(["active", "ready", "retry", "scheduled", "remote", "frozen", "quarantined"])
    )
    static let queueSender = Option("--from", value: "TEXT", help: "Those whose sender contains this")
    static let queueRecipient = Option("--to", value: "TEXT", help: "Those with a recipient that contains this")
    static let queueMessageID = Option("--message-id", value: "ID", help: "Those with this Message-ID")
    static let queueTrace = Option("--trace", value: "ID", help: "Those with this trace id")
    static let queueLimit = Option("--limit", value: "N", help: "At most so many (1000)")
}

extension Invocation {
    /// Page after page of one queue.
    func queuedMessages(
        _ number: String,
        _ query: [AdminRequest.Parameter],
        limit: Int
    ) async throws(CommandError) -> [JSONValue] {
        var rows: [JSONValue] = []
        var after: String?
        repeat {
            let size = AdminRequest.Parameter("limit", String(min(500, limit - rows.count)))
            let place = after.map { [AdminRequest.Parameter("after", $0)] } ?? []
            let page = try await ask(.get, ["queues", number, "messages"], query: query + [size] + place)
            rows += page["messages"]?.array ?? []
            after = page["next"]?.string
        } while after != nil && rows.count < limit
        return rows
    }
}
