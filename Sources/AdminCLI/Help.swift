// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The help of a command, at most 100 columns wide.
package struct Help {
    private static let width = 100

    private let command: Command
    private let path: [Command]

    /// `path` leads from the root to the command.
    package init(_ path: [Command]) {
        self.path = path
        command = path[path.count - 1]
    }

    package var text: String {
        var sections = ["\(command.summary).", "Usage: \(usage)"]
        if !command.discussion.isEmpty { sections.append(Self.wrapped(command.discussion, indent: 0)) }
        let subcommands = command.subcommands.filter { !$0.isHidden }
        if !subcommands.isEmpty {
            sections.append(Self.section("Commands", subcommands.map { ($0.name, $0.summary) }))
        }
        if !command.arguments.isEmpty {
            sections.append(Self.section("Arguments", command.arguments.map { ($0.name, $0.help) }))
        }
        let options = (path.flatMap(\.options) + globalOptions).filter { !$0.isHidden }
        sections.append(Self.section("Options", options.map { ($0.usage, $0.help) }))
        if !command.examples.isEmpty {
            sections.append("Examples:\n" + command.examples.map { "  \($0)" }.joined(separator: "\n"))
        }
        if !subcommands.isEmpty { sections.append("More about each: \(name) COMMAND --help") }
        return sections.joined(separator: "\n\n") + "\n"
    }

    private var name: String { path.map(\.name).joined(separator: " ") }

    private var globalOptions: [Option] { path.count == 1 ? Option.global : [.data, .help] }

    private var usage: String {
        var words = [name]
        words += command.arguments.map(\.usage)
        words.append("[OPTIONS]")
        let whole = words.joined(separator: " ")
        guard command.subcommands.contains(where: { !$0.isHidden }) else { return whole }
        let group = "\(name) COMMAND"
        if case .group = command.action { return group }
        return "\(whole)\n       \(group)"
    }

    private static func section(_ title: String, _ rows: [(name: String, help: String)]) -> String {
        let column = min(28, (rows.map(\.name.count).max() ?? 0) + 4)
        let lines = rows.map { row in
            let name = "  " + row.name
            let help = wrapped(row.help, indent: column)
            guard name.count + 2 <= column else { return "\(name)\n\(String(repeating: " ", count: column))\(help)" }
            return name + String(repeating: " ", count: column - name.count) + help
        }
        return "\(title):\n" + lines.joined(separator: "\n")
    }

    /// Lines broken at spaces; those after the first are indented.
    ///
    /// Line ends in the text stay.
    private static func wrapped(_ text: String, indent: Int) -> String {
        let separator = "\n" + String(repeating: " ", count: indent)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { paragraph in
            var lines: [String] = []
            var line = ""
            for word in paragraph.split(separator: " ") {
                if !line.isEmpty, line.count + 1 + word.count > width - indent {
                    lines.append(line)
                    line = ""
                }
                line += line.isEmpty ? String(word) : " \(word)"
            }
            return (lines + [line]).joined(separator: separator)
        }.joined(separator: separator)
    }
}
