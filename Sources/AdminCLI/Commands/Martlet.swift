// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// The whole tree.
    static func martlet(_ composition: Composition) -> Command {
        Command(
            "martlet",
            summary: "The Martlet mail server and its administration",
            discussion: "Commands find the installation by --data DIR or MARTLET_DATA. Where a server runs on it they "
                + "speak to the server; else they work on the files.",
            examples: [
                "martlet serve", "martlet account add ann@example.org", "martlet service list",
                "martlet events --since 1h --follow", "martlet settings explain imap/share-retry-attempts",
            ],
            subcommands: composition.commands + [
                .service, .settings(composition.settings), .events(composition.events), .domain, .account, .auth,
                .alias,
                .mailGroup, .connector, .destination, .route, .mailbox, .message, .queue, .track, .trace, .sendmail,
                .importMail, .exportMail, .store, .dns,
                .completion { .martlet(composition) }, .version(composition.version),
            ]
        )
    }

    private static func version(_ version: String) -> Command {
        Command(
            "version",
            summary: "Show the version",
            action: .perform { (invocation) throws(CommandError) in invocation.terminal.write("martlet \(version)\n") }
        )
    }
}
