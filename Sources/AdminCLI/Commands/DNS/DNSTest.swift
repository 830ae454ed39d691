// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let dnsTest = Command(
        "test",
        summary: "Ask each name server whether it answers, or ask for records of a name",
        discussion:
            "Without NAME, each server of resolver/forwarders and resolver/zones is asked on its own. With NAME, its "
            + "records are asked for as deliveries would: what was answered, whether DNSSEC proved it, and its class.",
        arguments: [.recordName, .recordType],
        options: [.json],
        examples: ["martlet dns test", "martlet dns test example.org MX", "martlet dns test _dmarc.example.org TXT"],
        action: .perform { (invocation) throws(CommandError) in
            if let name = invocation.words(.recordName).first {
                let type = invocation.words(.recordType).first ?? "MX"
                invocation.show(try await invocation.ask(.get, ["dns", "records", name, type]), text: \.lookupText)
                return
            }
            let status = try await invocation.ask(.get, ["dns", "servers"])
            invocation.show(status, text: serversText)
            guard status["servers"]?.array?.contains(where: { $0["answers"]?.bool == false }) != true else {
                throw CommandError(.findings, "Not every name server answers.")
            }
        }
    )
}

extension Argument {
    fileprivate static let recordName = Argument("NAME", help: "A domain name", isOptional: true)
    fileprivate static let recordType = Argument(
        "TYPE",
        help: "A type of record (MX)",
        isOptional: true,
        completion: .words(["MX", "A", "AAAA", "TXT", "CNAME", "NS", "SOA", "PTR", "SRV", "TLSA"])
    )
}

private func serversText(_ status: JSONValue) -> String {
    var lines: [String] = []
    if status["recursion"]?.bool == true { lines.append("No server is named: the authoritative servers are asked.") }
    for server in status["servers"]?.array ?? [] {
        let zone = server.shown("zone") == "." ? "" : " for \(server.shown("zone"))"
        let answer = server["answers"]?.bool == true ? "answers" : "does not answer: \(server.shown("failure"))"
        lines.append(PrintableText.escaped("\(server.shown("server"))\(zone): \(answer), \(server.shown("ms")) ms"))
    }
    switch status.shown("dnssec") {
    case "on": lines.append("Answers are proved with DNSSEC.")
    case "absent": lines.append("Answers are not proved: the servers take the signatures out.")
    case "off": lines.append("Answers are not proved: resolver/dnssec is off.")
    default: break
    }
    if !status.shown("failure").isEmpty { lines.append(PrintableText.escaped("Settings: \(status.shown("failure"))")) }
    return lines.joined(separator: "\n")
}
