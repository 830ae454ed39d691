// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import AdminCLI
internal import ByteTools
internal import Glibc
internal import Runtime
internal import Testing

@Suite(.serialized, .timeLimit(.minutes(20))) struct CommandTests {
    private let program = TestProgram()

    private func json(_ outcome: Outcome) -> JSONValue? { try? JSONValue(parsing: Array(outcome.output.utf8)) }

    @Test func `Settings from set to rollback`() {
        let set = program.run("settings set imapsvc/1/ImapShareRetryAttempts 5")
        #expect(set.output == "imap/1/share-retry-attempts = 5\n")
        #expect(set.complaints == "")
        #expect(program.run("settings get imap/1/share-retry-attempts").output == "5\n")
        #expect(
            program.run("metabase get imapsvc/1/ImapShareRetryAttempts --classic").output
                == "ImapShareRetryAttempts : [IF] (DWORD) 0x5={5}\n"
        )
        #expect(
            program.run("metabase get imapsvc/2/ImapShareRetryAttempts --classic").output
                == "ImapShareRetryAttempts : [IF] (DWORD) 0x10={16}\n"
        )
        #expect(
            program.run("settings set store/scrub off").output
                == "store/scrub = off (takes effect when the service restarts)\n"
        )
        #expect(program.run("settings set store/scrub off").output == "store/scrub = off (unchanged)\n")
        #expect(
            program.run("settings list imap").output == """
                PATH                         VALUE  ORIGIN
                imap/1/share-retry-attempts  5      instance
                imap/share-retry-attempts    16     default

                """
        )
        #expect(json(program.run("settings list --set --json"))?.array?.count == 2)
        #expect(program.run("settings diff 1").output == "store/scrub = off\n")
        #expect(program.run("settings diff").output == "No setting differs.\n")
        #expect(json(program.run("settings history --json"))?.array?.count == 2)
        #expect(
            program.run("settings unset imap/1/share-retry-attempts").output
                == "imap/1/share-retry-attempts = 16 (the default)\n"
        )
        #expect(program.run("settings rollback 1").output.hasPrefix("Version 4 is in force.\n"))
        #expect(program.run("settings get imap/1/share-retry-attempts").output == "5\n")
        #expect(program.run("settings check").output == "martlet.conf is valid.\n")
    }

    @Test(arguments: [["trace", "stop", ""], ["trace", "show", ""]])
    func `An empty argument is wrong usage, not another request`(words: [String]) {
        let outcome = program.run(words)
        #expect(outcome.exitCode == 64 && outcome.output.isEmpty, "\(words): \(outcome.complaints)")
    }

    @Test func `What explain tells`() {
        #expect(
            program.run("settings explain imap/share-retry-attempts").output == """
                imap/share-retry-attempts
                How often a busy account is tried again.

                  value:         16
                  origin:        default
                  default:       16
                  type:          whole number
                  allowed:       0 to 1000
                  takes effect:  at once
                  per instance:  yes
                  classic name:  imapsvc/ImapShareRetryAttempts

                """
        )
    }

    @Test(arguments: [
        ("settings get imap/share-retry-atempts", 66, "did you mean imap/share-retry-attempts?"),
        ("settings set imap/share-retry-attempts 5000", 65, "is outside what is allowed: 0 to 1000"),
        ("settings rollback 9", 66, "martlet settings history"),
        ("settings rollback x", 64, "VERSION is a number"),
        ("settings st a b", 64, "did you mean"),
        ("service list", 69, "martlet serve"),
        ("events --since yesterday", 64, "--since must be"),
        ("events --id x", 64, "--id must be"),
        ("events --last 0", 64, "--last must be"),
        ("events", 66, "no event log"),
        ("events explain 1", 66, "martlet events catalogue"),
        ("domain add no_domain!", 65, "is not a domain name"),
        ("account add ann@nowhere.test --generate", 66, "martlet domain add nowhere.test"),
        ("account set a@b.c", 64, "Nothing to change"),
        ("account set a@b.c --quota lots", 64, "--quota is a size"),
        ("account set a@b.c --imap maybe", 64, "--imap is on or off"),
        ("account add a@b.c --password x", 64, "can be seen by every user"),
        ("account add a@b.c --generate --no-password", 64, "Only one of"),
        ("account add a@b.c --password-stdin", 65, "is empty"),
        ("completion tcsh", 64, "bash, zsh or fish"),
        ("--data /nonexistent/x settings list", 66, "--data DIR"),
    ])
    func `Errors have their exit code and say what to do`(line: String, code: Int32, part: String) {
        let outcome = program.run(line)
        #expect(outcome.exitCode == code, "\(outcome.complaints)")
        #expect(outcome.output == "")
        #expect(outcome.complaints.hasPrefix("martlet: "))
        #expect(outcome.complaints.contains(part), "\(outcome.complaints)")
        #expect(outcome.complaints.hasSuffix("\n") && outcome.complaints.split(separator: "\n").count == 1)
    }

    @Test func `A broken line is shown by check and noted by set`() {
        _ = program.run("settings set store/scrub off")
        let fd = unsafe open("\(program.folder)/martlet.conf", O_WRONLY | O_APPEND)
        _ = unsafe write(fd, "no/such = 1\n", 12)
        close(fd)
        let check = program.run("settings check")
        #expect(check.exitCode == 78)
        #expect(check.output == "martlet.conf:2: no/such: there is no setting \"no/such\"\n")
        #expect(program.run("settings diff").output == "no/such = 1\n")
        #expect(program.run("settings set store/scrub on").complaints.contains("note: martlet.conf:2: no/such"))
    }

    @Test func `Domains, accounts and aliases`() {
        #expect(program.run("domain add example.org").output == "Domain example.org added.\n")
        #expect(program.run("domain add example.org").exitCode == 73)
        #expect(
            program.run("account add ann@example.org --password-stdin", input: "secret\n").output
                == "Account ann@example.org added.\n"
        )
        let generated = program.run("account add bob@example.org --imap off --quota 1GiB").output
        #expect(generated.hasPrefix("Account bob@example.org added.\nPassword: "))
        #expect(generated.utf8.count == "Account bob@example.org added.\nPassword: \n".utf8.count + 23)
        #expect(program.run("account add cid@example.org", typed: ["one", "two"]).exitCode == 65)
        #expect(program.run("account add cid@example.org", typed: ["one", "one"]).exitCode == 0)
        #expect(program.run("account add dan@example.org --no-password").exitCode == 0)
        let accounts = json(program.run("account list --json"))?.array ?? []
        #expect(
            accounts.map { $0["address"] } == [
                "ann@example.org", "bob@example.org", "cid@example.org", "dan@example.org",
            ]
        )
        #expect(accounts.map { $0["hasPassword"] } == [true, true, true, false])
        #expect(accounts[1]["services"] == ["pop3", "submission"])
        #expect(accounts[1]["quota"] == 1_073_741_824)
        let set = program.run("account set bob@example.org --disable --quota none --pop3 off")
        #expect(set.output.contains("enabled:        no") && set.output.contains("quota:          none"))
        #expect(program.run("account show bob@example.org").output == set.output)
        #expect(program.run("account password ann@example.org --password-stdin", input: "pä ss\r\n").exitCode == 0)
        let hash = "$1$saltsalt$2HM3oGhH6VPi/5dxZ798f/\n"
        #expect(program.run("account password ann@example.org --hash-stdin", input: hash).exitCode == 0)
        #expect(program.run("account password ann@example.org --hash-stdin", input: "secret\n").exitCode == 65)
        #expect(program.run("account password eve@example.org --generate").exitCode == 66)
        #expect(
            program.run("alias add all@example.org ann@example.org cid@example.org").output
                == "Alias all@example.org added: ann@example.org, cid@example.org\n"
        )
        #expect(json(program.run("alias list --json"))?.array?.count == 1)
        #expect(program.run("account remove dan@example.org").output == "Account dan@example.org removed.\n")
        #expect(program.run("alias remove all@example.org").exitCode == 0)
        #expect(program.run("domain list").output == "DOMAIN       ALIAS OF\nexample.org  \n")
        #expect(program.run("domain remove example.org").exitCode == 73)
    }

    @Test func `Events of what was done are read back`() {
        _ = program.run("settings set store/scrub off")
        _ = program.run("domain add example.org")
        let all = json(program.run("events --json"))?.array ?? []
        #expect(all.map { $0["id"] } == [9150, 9160, 9160])
        #expect(json(program.run("events --source settings --since 1h --json"))?.array?.count == 1)
        #expect(program.run("events --id 9150").output.contains("settings.changed [cli] Settings were changed."))
        #expect(program.run("events --last 1").output.split(separator: "\n").count == 1)
        #expect(json(program.run("events catalogue --json"))?.array?.isEmpty == false)
        #expect(
            program.run("events explain settings.changed").output.hasPrefix("9150 settings.changed (success-audit)\n")
        )
        #expect(program.run("events catalogue --markdown").output.hasPrefix("# Events\n"))
        #expect(program.run("settings list --markdown").output.hasPrefix("# Settings\n"))
    }

    @Test func `Where a server runs, it is asked`() throws {
        unsafe mkdir("\(program.folder)/run", 0o700)
        let descriptor = try bindUnix(path: "\(program.folder)/run/admin.sock", mode: 0o600)
        let loop = EventLoop(name: "server")
        loop.start()
        defer { loop.stop() }
        // Not the admin API, but something that answers: the command line must have gone there.
        let listener = Listener(fd: descriptor, loops: [loop], maximumConnections: 4) { connection in
            _ = try? await connection.readLine(maximum: 8192)
            let body = "[{\"name\":\"imap\",\"role\":\"backend\",\"pid\":4,\"state\":\"running\",\"restarts\":0}]"
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
            try? await connection.flush()
        }
        listener.start()
        let list = program.run("service list --json")
        #expect(json(list)?.array?.first?["pid"] == 4)
        #expect(program.run("service list").output.contains("imap  backend  4    running  0"))
        listener.stop()
    }
}
