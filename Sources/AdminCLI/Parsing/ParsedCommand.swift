// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A command line taken apart.
package struct ParsedCommand: Sendable {
    /// From the root to the command that was named.
    package let path: [Command]
    /// Values by option name; an option without value has an empty text.
    package let options: [String: [String]]
    /// Words by argument name.
    package let arguments: [String: [String]]

    package var command: Command { path[path.count - 1] }
    /// `martlet settings get`.
    package var name: String { path.map(\.name).joined(separator: " ") }

    /// Reads the words after the program's name.
    ///
    /// With `--help` or `--version` among the options, the arguments were not checked.
    package init(_ words: [String], root: Command) throws(CommandError) {
        var parser = Parser(root: root)
        try parser.read(words[...])
        path = parser.path
        options = parser.options
        arguments = try parser.assignedArguments()
    }
}

private struct Parser {
    var path: [Command]
    var options: [String: [String]] = [:]
    private var words: [String] = []

    init(root: Command) { path = [root] }

    private var command: Command { path[path.count - 1] }

    mutating func read(_ given: ArraySlice<String>) throws(CommandError) {
        var rest = given
        while let word = rest.popFirst() {
            if word == "--" {
                words += rest
                return
            }
            if word.hasPrefix("-"), word != "-" {
                try readOption(word, &rest)
            } else if words.isEmpty, let next = command.subcommand(word) {
                path.append(next)
            } else if command.arguments.isEmpty, !command.subcommands.isEmpty {
                throw unknownCommand(word)
            } else {
                words.append(word)
            }
        }
    }

    private mutating func readOption(_ word: String, _ rest: inout ArraySlice<String>) throws(CommandError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let known = path.flatMap(\.options) + Option.global
        guard let option = known.last(where: { $0.name == parts[0] || $0.short == parts[0] }) else {
            throw unknownOption(parts[0], known)
        }
        var value = ""
        if option.value != nil {
            guard let given = parts.count > 1 ? parts[1] : rest.popFirst() else {
                throw usage("\(option.name) needs a value: \(option.usage)")
            }
            value = given
        } else if parts.count > 1 {
            throw usage("\(option.name) takes no value")
        }
        if !option.isRepeated, options[option.name] != nil { throw usage("\(option.name) is given twice") }
        options[option.name, default: []].append(value)
    }

    func assignedArguments() throws(CommandError) -> [String: [String]] {
        guard options["--help"] == nil, options["--version"] == nil else { return [:] }
        var rest = words[...]
        var assigned: [String: [String]] = [:]
        for argument in command.arguments {
            let taken = argument.isRepeated ? Array(rest) : Array(rest.prefix(1))
            if taken.isEmpty, !argument.isOptional { throw usage("\(argument.name) is missing") }
            assigned[argument.name] = taken
            rest = rest.dropFirst(taken.count)
        }
        if let extra = rest.first { throw usage("\"\(PrintableText.escaped(extra))\" is one word too many") }
        return assigned
    }

    private var name: String { path.map(\.name).joined(separator: " ") }

    private func usage(_ message: String) -> CommandError {
        CommandError(.usage, "\(message). See: \(name) --help")
    }

    private func unknownCommand(_ word: String) -> CommandError {
        let names = command.subcommands.filter { !$0.isHidden }.flatMap { [$0.name] + $0.aliases }
        let nearest = NearestName.of(word, among: names)
        let meant = nearest.map { "; did you mean \"\(name) \($0)\"?" } ?? "."
        return CommandError(
            .usage,
            "There is no command \"\(name) \(PrintableText.escaped(word))\"\(meant) See: \(name) --help"
        )
    }

    private func unknownOption(_ word: String, _ known: [Option]) -> CommandError {
        let nearest = NearestName.of(word, among: known.filter { !$0.isHidden }.map(\.name))
        let meant = nearest.map { "; did you mean \($0)?" } ?? "."
        return CommandError(
            .usage,
            "\(name) has no option \(PrintableText.escaped(word))\(meant) See: \(name) --help"
        )
    }
}
