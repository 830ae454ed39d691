// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let storeStat = Command(
        "stat",
        aliases: ["statistics"],
        summary: "Show the stores in numbers",
        options: [.storeNumber, .countLive, .json],
        examples: ["martlet store stat", "martlet store stat --live --json"],
        action: .perform { (invocation) throws(CommandError) in
            let query: [AdminRequest.Parameter] = invocation.has(.countLive) ? [.init("live", "yes")] : []
            var rows: [JSONValue] = []
            for number in try await invocation.storeNumbers() {
                rows.append(try await invocation.ask(.get, ["stores", number], query: query))
            }
            invocation.show(
                .array(rows),
                columns: [
                    ("STORE", { $0.shown("number") }), ("ACCOUNTS", { $0.shown("accounts") }),
                    ("SIZE", { $0.size("octets") }), ("NEEDED", { $0.size("liveOctets") }),
                    ("AVAILABLE", { $0.size("availableOctets") }), ("FOLDER", { $0.shown("folder") }),
                ]
            )
        }
    )
}

extension Option {
    static let countLive = Option("--live", help: "Count too how much of it is needed, which reads every header")
}

extension JSONValue {
    /// A count of octets, for people.
    fileprivate func size(_ name: String) -> String {
        self[name]?.integer.map { ProgressDisplay.size(Double($0)) } ?? ""
    }
}
