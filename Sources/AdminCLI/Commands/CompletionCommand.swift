// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// `tree` is what is completed; this command is added to it.
    static func completion(_ tree: @escaping @Sendable () -> Command) -> Command {
        Command(
            "completion",
            summary: "Write the script with which a shell completes martlet's commands",
            arguments: [.shell],
            examples: [
                "martlet completion bash > /etc/bash_completion.d/martlet",
                "martlet completion zsh > /usr/local/share/zsh/site-functions/_martlet",
                "martlet completion fish > ~/.config/fish/completions/martlet.fish",
            ],
            action: .perform { (invocation) throws(CommandError) in
                let script = CompletionScript(tree())
                switch try invocation.word(.shell) {
                case "bash": invocation.terminal.write(script.bash)
                case "zsh": invocation.terminal.write(script.zsh)
                case "fish": invocation.terminal.write(script.fish)
                default: throw CommandError(.usage, "SHELL is bash, zsh or fish.")
                }
            }
        )
    }
}

extension Argument {
    static let shell = Argument("SHELL", help: "bash, zsh or fish", completion: .words(["bash", "zsh", "fish"]))
}
