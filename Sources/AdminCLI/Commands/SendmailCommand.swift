// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    /// For the help; the words behind it are read by `SendmailOptions`, whose rules are others.
    static let sendmail = Command(
        "sendmail",
        summary: "Send a message from a program of this machine",
        discussion:
            "Reads a message and leaves it for the server in the pickup folder, whether the server runs or not. Also "
            + "what martlet does when it is called sendmail, through a link; called mailq it lists the queue.",
        arguments: [
            Argument("RECIPIENT", help: "Who gets the message, besides those of -t", isOptional: true, isRepeated: true)
        ],
        options: [
            Option("-t", help: "Recipients are those of To, Cc and Bcc; Bcc is taken out"),
            Option("-i", help: "A line with a dot alone is text (as -oi)"),
            Option("-f", value: "ADDRESS", help: "The sender (as -r); <> for none"),
            Option("-F", value: "NAME", help: "The sender's full name, for a message without From"),
            Option("-N", value: "WHEN", help: "Reports: never, or some of success,failure,delay"),
            Option("-R", value: "WHAT", help: "What a report returns: full or hdrs"),
            Option("-V", value: "ID", help: "The envelope's id, which reports name"),
            Option("-bs", help: "Speak SMTP on standard input and output"),
            Option("-bp", help: "List the queue"),
            Option("-v", help: "Say what becomes of the message"),
            Option(
                "--pickup",
                value: "DIR",
                help: "The pickup folder (else MARTLET_PICKUP, else what the settings say)"
            ),
        ],
        examples: [
            "martlet sendmail -t -i < message.eml", "ln -s /usr/bin/martlet /usr/sbin/sendmail",
        ],
        action: .takeOver { _ in ExitCode.usage.rawValue }
    )
}
