// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import MailSQL
internal import Runtime

extension Command {
    static let storeExport = Command(
        "export",
        summary: "Write accounts, mailboxes and messages into an SQLite file",
        discussion: "For people who want SQL over their mail; docs/store-export.md has the tables and queries to begin "
            + "with. Each account is as it was at one moment. The file appears under its name when it is whole. The "
            + "exit code is 1 when a body was left out because it is larger than SQLite takes, or cannot be read.",
        options: [.sqliteFile, .exportedAccount, .withBodies, .json],
        examples: [
            "martlet store export --sqlite mail.db",
            "martlet store export --sqlite ann.db --account ann@example.org --bodies",
        ],
        action: .perform { (invocation) throws(CommandError) in
            try await StoreExport(invocation).run()
        }
    )
}

extension Option {
    static let sqliteFile = Option(
        "--sqlite",
        value: "FILE",
        help: "The file; it must not be there",
        completion: .folders
    )
    static let exportedAccount = Option(
        "--account",
        value: "ADDRESS",
        help: "Only this account; may be repeated",
        isRepeated: true
    )
    static let withBodies = Option("--bodies", help: "The octets of the messages too")
}

/// One run of `store export`.
private struct StoreExport {
    private let invocation: Invocation

    init(_ invocation: Invocation) { self.invocation = invocation }

    func run() async throws(CommandError) {
        let path = try invocation.required(.sqliteFile)
        guard BulkFolder.kind(path) == nil else { throw CommandError(.cannotCreate, "\(path) is there already.") }
        let accounts = try await accounts()
        let temporary = path + ".part"
        BulkFolder.remove(temporary)
        let writer = try await blocking { () throws(MailSQLError) in try StoreExportWriter(temporary) }
        var display = ProgressDisplay(invocation.terminal)
        for (number, account) in accounts.enumerated() {
            try await export(account, writer)
            display.update(Double(number + 1) / Double(accounts.count), count: writer.messages, unit: "messages")
        }
        try await blocking { () throws(MailSQLError) in try writer.file.finish() }
        try await invocation.onPool { () throws(FileError) in
            try BulkFile(temporary).syncFileSystem()
            try BulkFolder.rename(temporary, to: path)
        }
        display.end()
        let lost = writer.unreadable
        invocation.show(
            [
                "accounts": .integer(Int64(accounts.count)), "messages": .integer(writer.messages),
                "bodiesLeftOut": .integer(writer.bodiesLeftOut + lost),
            ]
        ) { outcome in
            "\(outcome.shown("accounts")) accounts, \(outcome.shown("messages")) messages written to \(PrintableText.escaped(path))"
        }
        if writer.bodiesLeftOut + lost > 0 { throw CommandError(.findings, "") }
    }

    private func accounts() async throws(CommandError) -> [JSONValue] {
        let named = invocation.values(.exportedAccount)
        guard !named.isEmpty else { return try await invocation.ask(.get, ["accounts"]).array ?? [] }
        var found: [JSONValue] = []
        for address in named { found.append(try await invocation.ask(.get, ["accounts", address])) }
        return found
    }

    private func export(_ account: JSONValue, _ writer: StoreExportWriter) async throws(CommandError) {
        let address = account["address"]?.string ?? ""
        let query = [
            AdminRequest.Parameter("facts", "yes"),
            AdminRequest.Parameter("bodies", invocation.has(.withBodies) ? "yes" : "no"),
        ]
        var answer = try await invocation.begin(.get, ["accounts", address, "mail", "export"], query: query)
        try await blocking { () throws(MailSQLError) in
            try writer.file.begin(account: account["id"]?.integer ?? 0, address: address)
        }
        while let batch = try await invocation.nextBatch(&answer) {
            try await blocking { () throws(MailSQLError) in try writer.take(batch) }
        }
        try await blocking { () throws(MailSQLError) in try writer.file.endAccount() }
    }

    /// Does what blocks in SQLite.
    private func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(MailSQLError) -> Value
    ) async throws(CommandError) -> Value {
        let outcome = await BlockingPool.shared.run { () -> Result<Value, MailSQLError> in
            do throws(MailSQLError) { return .success(try body()) } catch { return .failure(error) }
        }
        do throws(MailSQLError) { return try outcome.get() } catch { throw CommandError(.cannotCreate, "\(error)") }
    }
}

/// Turns the answers of exports into rows.
private final class StoreExportWriter: @unchecked Sendable {
    // Safe to hand over: its one user waits for each call to end before it makes the next.
    let file: MailSQLFile
    private(set) var unreadable: Int64 = 0

    init(_ path: String) throws(MailSQLError) { file = try MailSQLFile(path) }

    var messages: Int64 { file.messages }
    var bodiesLeftOut: Int64 { file.bodiesLeftOut }

    func take(_ items: [AdminItem]) throws(MailSQLError) {
        for item in items {
            switch item {
            case .head(let head, let octets):
                if let mailbox = head["mailbox"] { try file.add(mailbox: mailbox) }
                guard let message = head["message"] else { continue }
                if message["unreadable"] != nil { unreadable += 1 }
                try file.add(message: message, octets: head["octets"] == nil ? nil : octets)
            case .octets(let octets): try file.add(body: octets)
            }
        }
    }
}
