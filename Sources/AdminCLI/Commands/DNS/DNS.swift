// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let dns = Command(
        "dns",
        summary: "See where mail for a domain goes, and what the name servers say",
        subcommands: [.dnsMX, .dnsTest]
    )
}

extension JSONValue {
    /// One line for a question and what came of it.
    var lookupText: String {
        let kind = shown("class")
        var line = "\(shown("name")) \(shown("type")): \(kind)"
        if !shown("reason").isEmpty { line += ", \(shown("reason"))" }
        if kind != "later" {
            line += ", TTL \(shown("ttl")) s, \(self["secure"]?.bool == true ? "proved" : "not proved")"
        }
        line += ", \(shown("ms")) ms"
        let alias = shown("canonicalName").isEmpty ? [] : ["stands for \(shown("canonicalName"))"]
        return ([line] + (alias + (self["records"]?.strings ?? [])).map { "    \($0)" }).map(PrintableText.escaped)
            .joined(separator: "\n")
    }
}
