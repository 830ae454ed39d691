// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Testing

@Suite struct ParsingTests {
    private static let root = Command(
        "martlet",
        summary: "x",
        subcommands: [
            Command(
                "mail",
                aliases: ["post"],
                summary: "x",
                options: [Option("--all", short: "-a", help: "x")],
                subcommands: [
                    Command(
                        "send",
                        summary: "x",
                        arguments: [
                            Argument("FROM", help: "x"), Argument("TO", help: "x", isOptional: true, isRepeated: true),
                        ],
                        options: [
                            Option("--size", value: "N", help: "x"),
                            Option("--tag", value: "T", help: "x", isRepeated: true),
                        ]
                    )
                ]
            )
        ]
    )

    @Test(
        arguments: [
            ("mail send a", "martlet mail send", ["FROM": ["a"], "TO": []], [:]),
            ("post send a b c", "martlet mail send", ["FROM": ["a"], "TO": ["b", "c"]], [:]),
            (
                "mail -a send a --size 5", "martlet mail send", ["FROM": ["a"], "TO": []],
                ["--all": [""], "--size": ["5"]]
            ),
            ("mail send --size=5=6 a", "martlet mail send", ["FROM": ["a"], "TO": []], ["--size": ["5=6"]]),
            ("mail send --tag x --tag y a", "martlet mail send", ["FROM": ["a"], "TO": []], ["--tag": ["x", "y"]]),
            ("mail send -- -a --b", "martlet mail send", ["FROM": ["-a"], "TO": ["--b"]], [:]),
            ("mail send --size -5 -", "martlet mail send", ["FROM": ["-"], "TO": []], ["--size": ["-5"]]),
            ("--data /d mail", "martlet mail", [:], ["--data": ["/d"]]),
            ("mail send --help", "martlet mail send", [:], ["--help": [""]]),
            ("", "martlet", [:], [:]),
        ] as [(String, String, [String: [String]], [String: [String]])]
    )
    func `Command lines are taken apart`(
        line: String,
        name: String,
        arguments: [String: [String]],
        options: [String: [String]]
    ) throws {
        let parsed = try ParsedCommand(line.split(separator: " ").map(String.init), root: Self.root)
        #expect(parsed.name == name)
        #expect(parsed.arguments == arguments)
        #expect(parsed.options == options)
    }

    @Test(arguments: [
        ("mial", "There is no command \"martlet mial\"; did you mean \"martlet mail\"? See: martlet --help"),
        ("mail xyzzy", "There is no command \"martlet mail xyzzy\". See: martlet mail --help"),
        ("mail send", "FROM is missing. See: martlet mail send --help"),
        (
            "mail send a --sise 5",
            "martlet mail send has no option --sise; did you mean --size? See: martlet mail send --help"
        ),
        ("mail send a --size", "--size needs a value: --size N. See: martlet mail send --help"),
        ("mail send a --size 1 --size 2", "--size is given twice. See: martlet mail send --help"),
        ("mail --all=yes", "--all takes no value. See: martlet mail --help"),
        ("mail \u{1B}[2J", "There is no command \"martlet mail \\u{1B}[2J\". See: martlet mail --help"),
    ])
    func `Errors say what to do`(line: String, message: String) {
        #expect(throws: CommandError(.usage, message)) {
            try ParsedCommand(line.split(separator: " ").map(String.init), root: Self.root)
        }
    }
}
