// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let traceList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the traces that are on, and those of the last days",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["traces"]),
                columns: [
                    ("ID", { $0.shown("id") }), ("SUBJECT", { PrintableText.escaped($0.shown("subject")) }),
                    ("DIRECTION", { $0.shown("directions") }), ("STATE", { $0.shown("state") }),
                    ("UNTIL", { $0.shown("until") }), ("OCTETS", { $0.shown("octets") }),
                    ("BY", { PrintableText.escaped($0.shown("startedBy")) }),
                ]
            )
        }
    )
}
