// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queue = Command(
        "queue",
        summary: "Mail that waits for the next server",
        discussion:
            "States are those of the classic queue viewer: active, ready, retry, scheduled, remote, frozen; and "
            + "quarantined. Everything that waits has a reason and a time of its next event.",
        subcommands: [
            .queueList, .queueFind, .queueShow, .queueWhy, .queueExport, .queueDigest,
            order("freeze", "Freeze messages: they stay where they are until they are thawed or expire", .post),
            order("thaw", "Thaw messages, and have those tried again that were set aside", .post),
            .queueForce,
            order("return", "Give messages back to their senders, with a report", .post),
            order("remove", "Take messages out; nobody is told", .delete),
        ]
    )

    /// A command that does the same to each message that is named.
    private static func order(_ name: String, _ summary: String, _ method: AdminRequest.Method) -> Command {
        Command(
            name,
            summary: summary,
            arguments: [.queueIDs],
            options: [.json],
            examples: ["martlet queue \(name) 1kd3m5x8r0000"],
            action: .perform { (invocation) throws(CommandError) in
                for id in invocation.words(.queueIDs) {
                    let verb = method == .delete ? [] : [name]
                    let answer = try await invocation.askQueue(method, of: id, verb)
                    invocation.show(answer) { "Message \($0.shown("id")): \($0.shown("state"))\(whatFollows($0))" }
                }
            }
        )
    }

    /// A try that is under way goes on to its end, and what was ordered meanwhile holds from there.
    private static func whatFollows(_ message: JSONValue) -> String {
        message["state"]?.string == "active" && message["frozen"]?.bool == true ? ", then frozen" : ""
    }
}

extension Argument {
    static let queueID = Argument("ID", help: "As \"martlet queue find\" names it")
    static let queueIDs = Argument("ID", help: "As \"martlet queue find\" names it", isRepeated: true)
}

extension Invocation {
    /// The queues there are: one for each transport worker.
    func queueNumbers() async throws(CommandError) -> [String] {
        try await ask(.get, ["queues"]).array?.map { $0.shown("number") } ?? []
    }

    /// Asks the queue that has a message.
    func askQueue(
        _ method: AdminRequest.Method,
        of id: String,
        _ verb: [String] = [],
        query: [AdminRequest.Parameter] = []
    ) async throws(CommandError) -> JSONValue {
        let numbers = try await queueNumbers()
        for number in numbers.dropLast() {
            do throws(CommandError) {
                return try await ask(method, ["queues", number, "messages", id] + verb, query: query)
            } catch {
                // It may be in another one; the last one's error is the answer.
                continue
            }
        }
        return try await ask(method, ["queues", numbers.last ?? "1", "messages", id] + verb, query: query)
    }
}
