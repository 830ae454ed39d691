// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let alias = Command(
        "alias",
        summary: "Addresses that stand for others",
        discussion: "The alias *@example.org stands for every address that example.org does not have.",
        subcommands: [.aliasAdd, .aliasList, .aliasSet, .aliasRemove]
    )
}
