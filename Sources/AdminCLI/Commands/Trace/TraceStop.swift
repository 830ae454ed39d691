// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let traceStop = Command(
        "stop",
        summary: "Switch a trace off; what it has stays for a week",
        arguments: [.traceID],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let trace = try await invocation.ask(.post, ["traces", try invocation.word(.traceID), "stop"])
            invocation.show(trace, text: traceLine)
        }
    )

    static let traceRemove = Command(
        "remove",
        aliases: ["rm"],
        summary: "Switch a trace off and delete what it has",
        arguments: [.traceID],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let trace = try await invocation.ask(.delete, ["traces", try invocation.word(.traceID)])
            invocation.show(trace) { "Trace \($0.shown("id")) is removed." }
        }
    )
}
