// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Testing

@Suite struct HelpTests {
    private let program = TestProgram()

    @Test func `Help of the program`() {
        let outcome = program.run("--help")
        #expect(outcome.exitCode == 0)
        #expect(
            outcome.output == """
                The Martlet mail server and its administration.

                Usage: martlet COMMAND

                Commands find the installation by --data DIR or MARTLET_DATA. Where a server runs on it they speak
                to the server; else they work on the files.

                Commands:
                  serve        Run the server
                  service      See and steer the services of a running server
                  settings     See and change settings
                  events       Read the event log
                  domain       The domains whose mail is received here
                  account      Who has a mailbox here
                  auth         Who may try to log on
                  alias        Addresses that stand for others
                  group        Addresses whose mail goes to each of their members
                  connector    Ways out of this server: which domains, by which hosts, when, how protected
                  destination  What holds for mail to single domains: TLS, connections, retries, sizes
                  route        Where mail goes
                  mailbox      See the mailboxes of an account, and share them
                  message      Look at single messages
                  queue        Mail that waits for the next server
                  track        Tell the lives of messages: received, queued, tried, delivered, stored
                  trace        What is said between this server and others, line by line
                  sendmail     Send a message from a program of this machine
                  import       Put mail from files into an account
                  export       Write the mail of an account into files
                  store        Look after the message store
                  dns          See where mail for a domain goes, and what the name servers say
                  completion   Write the script with which a shell completes martlet's commands
                  version      Show the version

                Options:
                  --data DIR  The folder of the installation (else MARTLET_DATA, else /var/lib/martlet)
                  -h, --help  Show this help
                  --version   Show the version

                Examples:
                  martlet serve
                  martlet account add ann@example.org
                  martlet service list
                  martlet events --since 1h --follow
                  martlet settings explain imap/share-retry-attempts

                More about each: martlet COMMAND --help

                """
        )
    }

    @Test func `Help of a verb`() {
        #expect(
            program.run("settings set -h").output == """
                Set a value.

                Usage: martlet settings set PATH VALUE [OPTIONS]

                Arguments:
                  PATH   The setting
                  VALUE  The value, with its unit (250ms, 64KiB); a list with commas

                Options:
                  --json      Answer in JSON
                  --data DIR  The folder of the installation (else MARTLET_DATA, else /var/lib/martlet)
                  -h, --help  Show this help

                Examples:
                  martlet settings set imap/share-retry-sleep 250ms
                  martlet settings set smtp/1/maximum-message-size 100MiB

                """
        )
    }

    @Test func `Every command has a help that fits a terminal and hides what is hidden`() {
        func visit(_ path: [Command]) {
            let text = Help(path).text
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(path.map(\.name))")
            #expect(!text.contains("Run a worker") && !text.contains("--password TEXT"))
            for subcommand in path.last?.subcommands ?? [] where !subcommand.isHidden { visit(path + [subcommand]) }
        }
        visit([CommandLineProgram(TestProgram.composition, environment: [:]).root])
    }

    @Test func `A noun alone shows its verbs and is an error of usage`() {
        let outcome = program.run("settings")
        #expect(outcome.exitCode == 64)
        #expect(outcome.output == "")
        #expect(outcome.complaints.contains("rollback"))
    }

    @Test(arguments: ["--version", "version", "settings get --version"])
    func `The version`(line: String) {
        let outcome = program.run(line)
        #expect(outcome.output == "martlet 1.2.3\n")
        #expect(outcome.exitCode == 0)
    }

    @Test func `Commands of composition take the process over`() {
        #expect(program.run("serve").exitCode == 7)
        #expect(program.run("worker").exitCode == 8)
    }
}
