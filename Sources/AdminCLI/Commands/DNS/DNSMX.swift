// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let dnsMX = Command(
        "mx",
        summary: "Show the hosts that take mail for a domain, as deliveries see them",
        discussion:
            "Every question that was asked, what was answered, whether DNSSEC proved it, and how it is classed: hosts "
            + "to try in their order, mail that is returned (null-MX, no-name, no-data) or mail that waits (later).",
        arguments: [.mailDomain],
        options: [.asHost, .json],
        examples: ["martlet dns mx example.org", "martlet dns mx --host smarthost.example.net"],
        action: .perform { (invocation) throws(CommandError) in
            let domain = try invocation.word(.mailDomain)
            let kind = invocation.has(.asHost) ? "addresses" : "mail-hosts"
            invocation.show(try await invocation.ask(.get, ["dns", kind, domain]), text: mailHostsText)
        }
    )
}

extension Argument {
    fileprivate static let mailDomain = Argument("DOMAIN", help: "The part of an address behind the at sign")
}

extension Option {
    fileprivate static let asHost = Option("--host", help: "Take it as the name of a host and ask for no MX records")
}

private func mailHostsText(_ answer: JSONValue) -> String {
    func safe(_ text: String) -> String { PrintableText.escaped(text) }
    var lines = ["Asked:"] + (answer["lookups"]?.array ?? []).map { "  " + $0.lookupText.replacing("\n", with: "\n  ") }
    lines.append("")
    if answer.shown("class") == "data" {
        let secure = answer["secure"]?.bool == true ? "proved by DNSSEC" : "not proved by DNSSEC"
        let kind = answer["implicit"]?.bool == true ? "without MX records" : "by MX records"
        lines.append("Class data: mail goes to these hosts, \(kind), \(secure), for \(answer.shown("ttl")) s:")
    } else {
        let fate = answer["bounces"]?.bool == true ? "mail is returned" : "mail waits and is tried again"
        lines.append("Class \(answer.shown("class")): \(fate), \(answer.shown("reply")) \(answer.shown("status"))")
        lines.append("  \(safe(answer.shown("reason")))")
        if !answer.shown("details").isEmpty { lines.append("  \(safe(answer.shown("details")))") }
    }
    for host in answer["hosts"]?.array ?? [] {
        let proof = host["secure"]?.bool == true ? ", proved" : ""
        lines.append(safe("  \(host.shown("preference")) \(host.shown("name")): \(host.shown("addresses"))\(proof)"))
    }
    let unusable = answer["unusable"]?.array ?? []
    if !unusable.isEmpty { lines.append("Hosts of no use:") }
    for host in unusable {
        lines.append(safe("  \(host.shown("preference")) \(host.shown("name")): \(host.shown("reason"))"))
    }
    return lines.joined(separator: "\n")
}
