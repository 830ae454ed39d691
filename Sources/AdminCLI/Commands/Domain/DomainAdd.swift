// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let domainAdd = Command(
        "add",
        summary: "Receive mail for a domain",
        arguments: [.domainName],
        options: [.aliasOf, .json],
        examples: ["martlet domain add example.org", "martlet domain add example.com --alias-of example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let domain = try await invocation.ask(
                .post,
                ["domains"],
                body: ["name": .string(invocation.word(.domainName)), "aliasOf": .optional(invocation.value(.aliasOf))]
            )
            invocation.show(domain) { domain in
                let original = domain.shown("aliasOf")
                return "Domain \(domain.shown("name")) added"
                    + (original.isEmpty ? "." : ", with the addresses of \(original).")
            }
        }
    )
}

extension Option {
    static let aliasOf = Option(
        "--alias-of",
        value: "DOMAIN",
        help: "Every address of that domain is one of this domain too"
    )
}
