// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueExport = Command(
        "export",
        summary: "Write the octets of a queued message to standard output",
        arguments: [.queueID],
        examples: ["martlet queue export 1kd3m5x8r0000 > message.eml"],
        action: .perform { (invocation) throws(CommandError) in
            let id = try invocation.word(.queueID)
            var offset = 0
            while true {
                let query = [AdminRequest.Parameter("offset", String(offset))]
                let part = try await invocation.askQueue(.get, of: id, ["content"], query: query)
                guard let octets = part["octets"]?.string.flatMap({ Base64.decode($0.utf8) }),
                    let size = part["size"]?.integer
                else { throw CommandError(.software, "The server's answer makes no sense.") }
                invocation.terminal.writeOctets(octets)
                offset += octets.count
                guard !octets.isEmpty, offset < size else { return }
            }
        }
    )
}
