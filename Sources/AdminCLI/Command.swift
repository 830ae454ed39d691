// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A command as data: parsing, help and completion are all made from these.
package struct Command: Sendable {
    /// What a command does when it is called.
    package enum Action: Sendable {
        /// Nothing: it only has sub-commands.
        case group
        /// Runs on the event loop of the command line.
        case perform(@Sendable (Invocation) async throws(CommandError) -> Void)
        /// Takes over the process, on the main thread and without an event loop; answers with the exit code.
        case takeOver(@Sendable (Invocation) -> Int32)
    }

    package let name: String
    package let aliases: [String]
    /// One line, without a full stop.
    package let summary: String
    /// What more there is to know; empty when the summary says it all.
    package let discussion: String
    package let arguments: [Argument]
    package let options: [Option]
    /// Whole command lines.
    package let examples: [String]
    package let isHidden: Bool
    package let subcommands: [Command]
    package let action: Action

    package init(
        _ name: String,
        aliases: [String] = [],
        summary: String,
        discussion: String = "",
        arguments: [Argument] = [],
        options: [Option] = [],
        examples: [String] = [],
        isHidden: Bool = false,
        subcommands: [Command] = [],
        action: Action = .group
    ) {
        self.name = name
        self.aliases = aliases
        self.summary = summary
        self.discussion = discussion
        self.arguments = arguments
        self.options = options
        self.examples = examples
        self.isHidden = isHidden
        self.subcommands = subcommands
        self.action = action
    }

    /// The sub-command of that name or alias.
    package func subcommand(_ name: String) -> Command? {
        subcommands.first { $0.name == name || $0.aliases.contains(name) }
    }
}

/// What completion offers in a place.
package enum CompletionKind: Sendable, Equatable {
    case nothing
    case folders
    case words([String])
}

/// A word that stands for itself on the command line.
package struct Argument: Sendable {
    package let name: String
    package let help: String
    package let isOptional: Bool
    /// Takes all the words that are left; only the last argument may.
    package let isRepeated: Bool
    package let completion: CompletionKind

    package init(
        _ name: String,
        help: String,
        isOptional: Bool = false,
        isRepeated: Bool = false,
        completion: CompletionKind = .nothing
    ) {
        self.name = name
        self.help = help
        self.isOptional = isOptional
        self.isRepeated = isRepeated
        self.completion = completion
    }

    var usage: String {
        let name = isRepeated ? "\(name)..." : name
        return isOptional ? "[\(name)]" : name
    }
}

/// `--name`, or `--name VALUE`.
package struct Option: Sendable {
    /// With its hyphens.
    package let name: String
    /// `-h`, if it has a short form.
    package let short: String?
    /// What its value is called in the help; `nil` when it has none.
    package let value: String?
    package let help: String
    package let isRepeated: Bool
    package let isHidden: Bool
    package let completion: CompletionKind

    package init(
        _ name: String,
        short: String? = nil,
        value: String? = nil,
        help: String,
        isRepeated: Bool = false,
        isHidden: Bool = false,
        completion: CompletionKind = .nothing
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.help = help
        self.isRepeated = isRepeated
        self.isHidden = isHidden
        self.completion = completion
    }

    var usage: String { (short.map { "\($0), " } ?? "") + name + (value.map { " \($0)" } ?? "") }

    /// Which installation; known everywhere.
    package static let data = Option(
        "--data",
        value: "DIR",
        help: "The folder of the installation (else MARTLET_DATA, else /var/lib/martlet)",
        completion: .folders
    )
    package static let help = Option("--help", short: "-h", help: "Show this help")
    package static let version = Option("--version", help: "Show the version")
    package static let json = Option("--json", help: "Answer in JSON")

    /// Those that every command has.
    package static let global: [Option] = [.data, .help, .version]
}
