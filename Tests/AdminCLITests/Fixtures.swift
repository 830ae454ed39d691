// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import AdminCLI
internal import Events
internal import Glibc
internal import Locking
internal import Runtime
internal import Settings

/// What one call of the program came to.
struct Outcome {
    var exitCode: Int32
    var output: String
    var complaints: String
}

/// The program with a data folder of its own and no server.
struct TestProgram {
    let folder: String

    init() {
        var template = Array("/tmp/martlet-cli-XXXXXX\0".utf8CString)
        folder = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/nonexistent"
    }

    static let tree = SettingsTree(
        adminAPISettings + [
            SettingKey(
                "imap/share-retry-attempts",
                default: 16,
                in: 0...1000,
                perInstance: true,
                classic: ["imapsvc/ImapShareRetryAttempts"],
                help: "How often a busy account is tried again."
            ).declaration,
            SettingKey("store/scrub", default: true, live: false, help: "Whether damage is looked for.").declaration,
        ]
    )

    static let composition = Composition(
        settings: tree,
        events: EventCatalogue(adminAPIEvents + eventLogEvents),
        version: "1.2.3",
        commands: [
            Command("serve", summary: "Run the server", action: .takeOver { _ in 7 }),
            Command("worker", summary: "Run a worker", isHidden: true, action: .takeOver { _ in 8 }),
        ]
    )

    /// `typed` answers prompts one after the other; `nil`: there is no terminal.
    func run(_ words: [String], input: String = "", typed: [String]? = nil, environment: [String: String]? = nil)
        -> Outcome
    {
        let written = Lock(("", ""))
        let answers = Lock(typed ?? [])
        let terminal = Terminal(
            write: { text in written.withLock { $0.0 += text } },
            complain: { text in written.withLock { $0.1 += text } },
            readInput: { Array(input.utf8) },
            readSecret: { _ in
                guard typed != nil else { return nil }
                return answers.withLock { Array(($0.isEmpty ? "" : $0.removeFirst()).utf8) }
            }
        )
        let program = CommandLineProgram(
            Self.composition,
            terminal: terminal,
            environment: environment ?? ["MARTLET_DATA": folder]
        )
        let exitCode = program.run(words)
        let (output, complaints) = written.withLock { $0 }
        return Outcome(exitCode: exitCode, output: output, complaints: complaints)
    }

    func run(_ line: String, input: String = "", typed: [String]? = nil) -> Outcome {
        run(line.split(separator: " ").map(String.init), input: input, typed: typed)
    }
}
