// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueDigest = Command(
        "digest",
        summary: "Say what failed, what waits and what was set aside, as the daily report to postmaster does",
        discussion: "The report of the last day, or since a time. With --send postmaster gets it as a mail, too.",
        options: [.digestSince, .digestSend, .json],
        examples: ["martlet queue digest", "martlet queue digest --since 2h --send"],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.value(.digestSince).map { [AdminRequest.Parameter("since", $0)] } ?? []
            let method: AdminRequest.Method = invocation.has(.digestSend) ? .post : .get
            let report = try await invocation.ask(method, ["queues", "1", "digest"], query: query)
            if invocation.has(.json) { return invocation.show(report) { $0.shown("text") } }
            invocation.terminal.write(report.shown("text"))
        }
    )
}

extension Option {
    fileprivate static let digestSince = Option(
        "--since",
        value: "TIME",
        help: "How long ago (15m, 1h, 2d) or 2026-11-21T07:00:00Z"
    )
    fileprivate static let digestSend = Option("--send", help: "Send it to postmaster")
}
