// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let settingsCheck = Command(
        "check",
        summary: "Read martlet.conf and tell what in it does not count",
        discussion: "Ends with exit code 78 when something does not.",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let problems = try await invocation.ask(.get, ["settings", "problems"])
            let count = problems.array?.count ?? 0
            invocation.show(problems) { problems in
                count == 0
                    ? "martlet.conf is valid."
                    : (problems.array ?? []).map { $0.shown("text") }.joined(separator: "\n")
            }
            guard count == 0 else {
                throw CommandError(.configuration, "\(count) \(count == 1 ? "line does" : "lines do") not count.")
            }
        }
    )
}
