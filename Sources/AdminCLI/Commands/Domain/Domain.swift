// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let domain = Command(
        "domain",
        summary: "The domains whose mail is received here",
        subcommands: [.domainAdd, .domainList, .domainRemove]
    )
}

extension Argument {
    static let domainName = Argument("DOMAIN", help: "A domain, such as example.org")
}
