// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the destinations that mail waits for",
        discussion: "RECIPIENTS counts those that have not come to an end. For messages: martlet queue find.",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            var rows: [JSONValue] = []
            var messages: Int64 = 0
            for number in try await invocation.queueNumbers() {
                let queue = try await invocation.ask(.get, ["queues", number])
                rows += queue["destinations"]?.array ?? []
                messages += queue["messages"]?.integer ?? 0
            }
            invocation.show(
                .array(rows),
                columns: [
                    ("DESTINATION", { $0.shown("name") }), ("STATE", { $0.shown("state") }),
                    ("RECIPIENTS", { $0.shown("recipients") }), ("ACTIVE", { $0.shown("active") }),
                    ("NEXT EVENT", { $0.shown("nextEvent") }), ("WHY", { PrintableText.escaped($0.shown("why")) }),
                ]
            )
            if !invocation.has(.json) { invocation.terminal.write("Messages: \(messages)\n") }
        }
    )
}
