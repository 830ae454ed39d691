// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let domainRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "No longer receive mail for a domain",
        discussion: "Its accounts and aliases must be removed first.",
        arguments: [.domainName],
        action: .perform { (invocation) throws(CommandError) in
            let domain = try invocation.word(.domainName)
            _ = try await invocation.ask(.delete, ["domains", domain])
            invocation.terminal.write("Domain \(PrintableText.escaped(domain)) removed.\n")
        }
    )
}
