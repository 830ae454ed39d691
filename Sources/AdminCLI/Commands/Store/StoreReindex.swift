// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let storeReindex = Command(
        "reindex",
        summary: "Make the texts that SEARCH looks into again",
        discussion:
            "Nothing is lost without them, and the server makes what is missing by itself; this is for a disk that has "
            + "damaged them, and to have them ready at once after a restore.",
        options: [.storeNumber, .reindexedAccount, .onlyMissing, .json],
        examples: ["martlet store reindex", "martlet store reindex --account ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let query: [AdminRequest.Parameter] = invocation.has(.onlyMissing) ? [.init("missing", "yes")] : []
            var accounts: Int64 = 0
            var paths = invocation.values(.reindexedAccount).map { ["accounts", $0, "mail", "reindex"] }
            if paths.isEmpty { paths = try await invocation.storeNumbers().map { ["stores", $0, "reindex"] } }
            for path in paths {
                accounts += try await invocation.upkeep(path, query: query).result["accounts"]?.integer ?? 0
            }
            invocation.show(["accounts": .integer(accounts)]) { outcome in
                "Texts of \(outcome.shown("accounts")) accounts are there."
            }
        }
    )
}

extension Option {
    static let reindexedAccount = Option(
        "--account",
        value: "ADDRESS",
        help: "Only this account; may be repeated",
        isRepeated: true
    )
    static let onlyMissing = Option("--missing", help: "Only what is missing")
}
