// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Runtime
internal import ServiceControl

/// The program `martlet` from its words to its exit code.
package struct CommandLineProgram: Sendable {
    package let root: Command
    private let composition: Composition
    private let terminal: Terminal
    private let environment: [String: String]

    package init(_ composition: Composition, terminal: Terminal = .standard, environment: [String: String]) {
        self.composition = composition
        self.terminal = terminal
        self.environment = environment
        root = Command.martlet(composition)
    }

    /// Does what the words after the program's name say.
    ///
    /// Blocks; call it on the main thread.
    ///
    /// - Parameter name: what the program is called as, without folders.
    package func run(_ words: [String], as name: String = "martlet") -> Int32 {
        if SendmailProgram.names.contains(name) { return sendmail(name, words) }
        if words.first == Command.sendmail.name { return sendmail("sendmail", Array(words.dropFirst())) }
        do throws(CommandError) {
            let parsed = try ParsedCommand(words, root: root)
            if parsed.options[Option.version.name] != nil {
                terminal.write("martlet \(composition.version)\n")
                return ExitCode.success.rawValue
            }
            if parsed.options[Option.help.name] != nil {
                terminal.write(Help(parsed.path).text)
                return ExitCode.success.rawValue
            }
            return try act(parsed)
        } catch {
            complain(error)
            return error.exitCode.rawValue
        }
    }

    private func sendmail(_ name: String, _ words: [String]) -> Int32 {
        let program = SendmailProgram(composition: composition, terminal: terminal, environment: environment)
        do throws(CommandError) {
            let options = try SendmailOptions(words, name: name)
            switch options.mode {
            case .help:
                terminal.write(Help([root, Command.sendmail]).text)
                return ExitCode.success.rawValue
            case .queue: return run(["queue", "list", "--data", program.dataFolder(options)])
            default: return try program.run(options)
            }
        } catch {
            complain(error)
            return error.exitCode.rawValue
        }
    }

    private func act(_ parsed: ParsedCommand) throws(CommandError) -> Int32 {
        let installation = Installation(folder: folder(parsed), composition: composition)
        switch parsed.command.action {
        case .group:
            terminal.complain(Help(parsed.path).text)
            return ExitCode.usage.rawValue
        case .takeOver(let run):
            return run(Invocation(parsed: parsed, terminal: terminal, installation: installation, loop: nil))
        case .perform(let perform):
            let terminal = terminal
            let failure = EventLoop.runBlocking(name: "cli") { loop -> CommandError? in
                let invocation = Invocation(
                    parsed: parsed,
                    terminal: terminal,
                    installation: installation,
                    loop: loop
                )
                do throws(CommandError) { try await perform(invocation) } catch { return error }
                return nil
            }
            if let failure { throw failure }
            return ExitCode.success.rawValue
        }
    }

    private func folder(_ parsed: ParsedCommand) -> String {
        let named = parsed.options[Option.data.name]?.last ?? environment["MARTLET_DATA"]
        return named.flatMap { $0.isEmpty ? nil : $0 } ?? InstanceLayout.installedFolder
    }

    private func complain(_ error: CommandError) {
        guard !error.message.isEmpty else { return }
        terminal.complain("martlet: \(PrintableText.escaped(error.message))\n")
    }
}
