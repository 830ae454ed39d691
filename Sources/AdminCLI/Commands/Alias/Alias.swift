// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let alias = Command(
        "alias",
        summary: "Addresses that stand for others",
        subcommands: [.aliasAdd, .aliasList, .aliasRemove]
    )
}
