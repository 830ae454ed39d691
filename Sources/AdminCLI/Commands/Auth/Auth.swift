// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let auth = Command(
        "auth",
        summary: "Who may try to log on",
        subcommands: [.authBans]
    )

    static let authBans = Command(
        "bans",
        summary: "Addresses and accounts that may not log on for a while",
        discussion: "Too many failed log-ons ban an address (directory/failures-per-address) or an account "
            + "(directory/failures-per-account), over all protocols and workers. Accounts stay open to addresses that "
            + "they have logged on from, unless both are banned, or an administrator asked for the ban.",
        subcommands: [.authBansList, .authBansAdd, .authBansLift]
    )
}

extension Argument {
    static let banSubject = Argument("SUBJECT", help: "An address of a client (192.0.2.1), or of an account")
}
