// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Scripts for shells, made from the command tree.
///
/// Each first finds where in the tree the words before the cursor lead.
package struct CompletionScript: Sendable {
    /// What can come after the words that lead to one command.
    struct Place {
        /// The words, without the program's name.
        let trail: [String]
        let commands: [Command]
        let options: [Option]
        let words: [String]

        var name: String { trail.joined(separator: " ") }
    }

    let places: [Place]

    package init(_ root: Command) { places = Self.places(root, trail: [], inherited: []) }

    private static func places(_ command: Command, trail: [String], inherited: [Option]) -> [Place] {
        let options = (inherited + command.options).filter { !$0.isHidden }
        let visible = command.subcommands.filter { !$0.isHidden }
        let words = command.arguments.flatMap { argument -> [String] in
            if case .words(let words) = argument.completion { words } else { [] }
        }
        let here = Place(trail: trail, commands: visible, options: options + [.data, .help], words: words)
        return [here]
            + visible.flatMap { command in
                ([command.name] + command.aliases).flatMap { name in
                    places(command, trail: trail + [name], inherited: options)
                }
            }
    }

    /// Options that are followed by a value, anywhere in the tree.
    var optionsWithValue: [Option] {
        var seen: Set<String> = []
        return places.flatMap(\.options).filter { $0.value != nil && seen.insert($0.name).inserted }
    }

    /// A word in single quotes for a shell.
    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }
}
