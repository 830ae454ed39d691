// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import MailboxFormats

extension Command {
    static let importMail = Command(
        "import",
        summary: "Put mail from files into an account",
        discussion:
            "Interrupted at any point, the same command goes on: what the mailbox has (same octets, same internal date) "
            + "is not put there again. What is odd in the files is counted and never ends the run; the exit code is 1 "
            + "when something was left out.",
        subcommands: [.importMbox, .importMaildir]
    )

    private static let importMbox = Command(
        "mbox",
        summary: "Import an mbox file, or a folder tree of them",
        discussion:
            "One file goes into INBOX or the mailbox that --folder names. Of a folder, every file is a mailbox of its name, "
            + "and folders (also NAME.sbd) hold those below; --folder puts all of them below a mailbox.\n"
            + "Flags come from Status, X-Status, X-Keywords and X-Mozilla-Status, dates from the From_ line, then "
            + "Received, then Date, then the time of the file.",
        arguments: [.bulkPath],
        options: [.ofAccount, .intoFolder, .mboxQuoting, .json],
        examples: [
            "martlet import mbox /var/mail/ann --account ann@example.org",
            "martlet import mbox ~/Mail --account ann@example.org --folder Old",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let path = try invocation.word(.bulkPath)
            let word = invocation.value(.mboxQuoting) ?? MboxQuoting.rd.rawValue
            guard let quoting = MboxQuoting(rawValue: word) else {
                throw CommandError(
                    .usage,
                    "--quoting is one of \(MboxQuoting.allCases.map(\.rawValue).joined(separator: ", "))."
                )
            }
            let naming = try invocation.naming()
            try await invocation.runImport { () throws(FileError) in
                try MboxSource(path, naming: naming, quoting: quoting)
            }
        }
    )

    private static let importMaildir = Command(
        "maildir",
        summary: "Import a Maildir with the folders in it",
        discussion:
            "The Maildir itself is INBOX, its folders (.Work.Plans) are Work/Plans; --folder puts all of them below a mailbox. "
            + "Flags come from the names of files, keywords from dovecot-keywords, the order from dovecot-uidlist, dates "
            + "from the times of files, subscriptions from subscriptions or courierimapsubscribed.",
        arguments: [.bulkPath],
        options: [.ofAccount, .intoFolder, .json],
        examples: ["martlet import maildir ~ann/Maildir --account ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let path = try invocation.word(.bulkPath)
            let naming = try invocation.naming()
            try await invocation.runImport { () throws(FileError) in try MaildirSource(path, naming: naming) }
        }
    )
}

extension Argument {
    static let bulkPath = Argument("PATH", help: "The file or folder", completion: .folders)
}

extension Option {
    static let intoFolder = Option("--folder", value: "NAME", help: "The mailbox that takes it, or below which it goes")
    static let mboxQuoting = Option(
        "--quoting",
        value: "FORM",
        help: "How the file marks lines that begin with From: mboxrd (the default), mboxo, mboxcl or mboxcl2",
        completion: .words(MboxQuoting.allCases.map(\.rawValue))
    )
}

extension Invocation {
    fileprivate func naming() throws(CommandError) -> ImportNaming {
        let naming = ImportNaming(folder: value(.intoFolder))
        guard naming.mailbox([]) != nil else { throw CommandError(.usage, "--folder cannot be the name of a mailbox.") }
        return naming
    }
}
