// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let messageList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the messages of a mailbox, or of all of an account",
        discussion: "With --json, one object a line, as they come: also millions of messages take little memory.",
        options: [.ofAccount, .inMailbox, .json],
        examples: [
            "martlet message list --account ann@example.org --mailbox INBOX",
            "martlet message list --account ann@example.org --json | jq -r .subject",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let query = invocation.values(.inMailbox).map { AdminRequest.Parameter("mailbox", $0) }
            var answer = try await invocation.begin(.get, invocation.mailPath("messages"), query: query)
            let lines = MessageLines(invocation)
            lines.begin()
            do throws(AdminError) {
                while let item = try await answer.next() {
                    if case .head(let head, _) = item, let message = head["message"] { lines.show(message) }
                }
            } catch {
                throw CommandError(error)
            }
        }
    )
}

/// Messages line by line, as they come: columns have fixed widths, because nobody knows what still comes.
private struct MessageLines {
    private static let columns: [(title: String, width: Int, cell: @Sendable (JSONValue) -> String)] = [
        ("UID", 8, { $0.shown("uid") }), ("DATE", 20, { $0.shown("date") }), ("SIZE", 9, { $0.shown("size") }),
        ("FLAGS", 12, { flags($0) }), ("FROM", 30, { $0.shown("from") }), ("SUBJECT", 50, { $0.shown("subject") }),
        ("MAILBOX", 0, { $0.shown("mailbox") }),
    ]

    private let invocation: Invocation

    init(_ invocation: Invocation) { self.invocation = invocation }

    func begin() {
        guard !invocation.has(.json) else { return }
        invocation.terminal.write(Self.line(Self.columns.map(\.title)))
    }

    func show(_ message: JSONValue) {
        guard !invocation.has(.json) else {
            return invocation.terminal.write(String(decoding: message.encoded, as: UTF8.self) + "\n")
        }
        invocation.terminal.write(Self.line(Self.columns.map { PrintableText.escaped($0.cell(message)) }))
    }

    private static func line(_ cells: [String]) -> String {
        var line = ""
        for (cell, column) in zip(cells, columns) {
            guard column.width > 0 else {
                line += cell
                continue
            }
            let cut = cell.count > column.width ? cell.prefix(column.width - 1) + "…" : cell[...]
            line += cut + String(repeating: " ", count: column.width - cut.count + 2)
        }
        return line + "\n"
    }

    /// A letter for each system flag that is set (`d` is a draft, `D` deleted), then the keywords.
    private static func flags(_ message: JSONValue) -> String {
        let system = (message["flags"]?.strings ?? []).map { $0 == "\\Draft" ? "d" : $0.dropFirst().prefix(1) }
        let short = system.sorted().joined()
        return ([short] + (message["keywords"]?.strings ?? [])).filter { !$0.isEmpty }.joined(separator: " ")
    }
}
