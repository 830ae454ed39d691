// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let messageInspect = Command(
        "inspect",
        summary: "Tell everything there is to know of one message",
        discussion:
            "Where it lies, its sizes and sums, flags, lost octets, structure and header. The message is read from "
            + "its first octet to its last, so the sum that is shown proves it.",
        options: [.ofAccount, .inMailbox, .messageUID, .json],
        examples: ["martlet message inspect --account ann@example.org --mailbox INBOX --uid 42"],
        action: .perform { (invocation) throws(CommandError) in
            let uid = try invocation.required(.messageUID)
            guard let number = UInt32(uid), number > 0 else {
                throw CommandError(.usage, "--uid is a number from 1.")
            }
            let message = try await invocation.ask(
                .get,
                invocation.mailPath("messages", uid),
                query: [AdminRequest.Parameter("mailbox", invocation.value(.inMailbox) ?? "INBOX")]
            )
            invocation.show(message, text: messageText)
        }
    )
}

extension Option {
    static let messageUID = Option("--uid", value: "UID", help: "Which message, by its UID")
}

private func messageText(_ message: JSONValue) -> String {
    func shown(_ name: String) -> String { PrintableText.escaped(message.shown(name)) }
    let damage = (message["damage"]?.array ?? []).map { "\($0.shown("from"))..<\($0.shown("to"))" }
    let sum = message["sha256IsRight"]?.bool == true ? "right" : "not what was read"
    let rows = [
        ("mailbox", shown("mailbox")), ("UID", shown("uid")), ("size", shown("size") + " octets"),
        ("internal date", shown("internalDate")), ("saved", shown("saved")), ("mod-sequence", shown("modSeq")),
        ("flags", shown("flags")), ("keywords", shown("keywords")), ("segment", shown("segment")),
        ("offset", shown("offset")), ("SHA-256", shown("sha256") + " (\(sum))"),
        ("lost octets", damage.isEmpty ? "none" : damage.joined(separator: ", ")),
        ("unreadable", shown("unreadable")),
    ]
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    var lines = rows.filter { !$0.1.isEmpty }.map { name, value in
        name + ":" + String(repeating: " ", count: width - name.count) + value
    }
    lines += ["", "Structure:"]
    if let root = message["structure"], root != .null {
        appendPart(root, depth: 1, to: &lines)
    } else {
        lines.append("  lost; it is made again when it is asked for")
    }
    lines += ["", "Header:"] + (message["header"]?.strings ?? []).map { "  " + PrintableText.escaped($0) }
    return lines.joined(separator: "\n")
}

private func appendPart(_ part: JSONValue, depth: Int, to lines: inout [String]) {
    let name = part["filename"]?.string.map { " \"\(PrintableText.escaped($0))\"" } ?? ""
    let number = part.shown("part").isEmpty ? "" : part.shown("part") + " "
    lines.append(
        String(repeating: "  ", count: depth)
            + "\(number)\(PrintableText.escaped(part.shown("type"))), \(part.shown("size")) octets, "
            + "\(PrintableText.escaped(part.shown("encoding")))\(name)"
    )
    for child in part["parts"]?.array ?? [] { appendPart(child, depth: depth + 1, to: &lines) }
}
