// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let traceShow = Command(
        "show",
        summary: "Show what a trace has",
        discussion: "A line has its time, the direction and number of its session, the peer, and who said it: C: the "
            + "client, S: the server, C| content of a message, * what cannot be seen on the wire.",
        arguments: [.traceID],
        action: .perform { (invocation) throws(CommandError) in
            let id = try invocation.word(.traceID)
            var after = ""
            while true {
                let query = [AdminRequest.Parameter("after", after)]
                let part = try await invocation.ask(.get, ["traces", id, "text"], query: query)
                guard let octets = part["octets"]?.string.flatMap({ Base64.decode($0.utf8) }),
                    let next = part["next"]?.string
                else {
                    throw CommandError(.software, "The server's answer makes no sense.")
                }
                guard !octets.isEmpty else { return }
                invocation.terminal.writeOctets(octets)
                after = next
            }
        }
    )
}
