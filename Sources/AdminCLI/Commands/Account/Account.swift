// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension Command {
    static let account = Command(
        "account",
        aliases: ["user"],
        summary: "Who has a mailbox here",
        discussion: "An account's name is its address; people log on with it.",
        subcommands: [
            .accountAdd, .accountList, .accountShow, .accountSet, .accountForward, .accountPassword,
            .accountAppPassword, .accountRemove,
        ]
    )
}

extension Argument {
    static let address = Argument("ADDRESS", help: "An address, such as ann@example.org")
}

extension Option {
    static let inDomain = Option("--domain", value: "DOMAIN", help: "Only those of this domain")
    static let imap = Option("--imap", value: "on|off", help: "Log-on by IMAP", completion: .words(["on", "off"]))
    static let pop3 = Option("--pop3", value: "on|off", help: "Log-on by POP3", completion: .words(["on", "off"]))
    static let submission = Option(
        "--submission",
        value: "on|off",
        help: "Log-on to send mail",
        completion: .words(["on", "off"])
    )
    static let quota = Option("--quota", value: "SIZE", help: "Bound on stored mail (5GiB), none, or default")
    static let quotaMessages = Option(
        "--quota-messages",
        value: "COUNT",
        help: "Bound on stored messages, none, or default"
    )
    static let saveSent = Option(
        "--save-sent",
        value: "on|off|default",
        help: "File submitted mail in the mailbox of sent mail",
        completion: .words(["on", "off", "default"])
    )
    static let accountSwitches: [Option] = [.imap, .pop3, .submission, .quota, .quotaMessages, .saveSent]
}

/// A bound as it is shown.
func quotaText(_ value: JSONValue?, _ text: (Int64) -> String = { "\($0)" }) -> String {
    guard let bound = value?.integer else { return "default" }
    return bound == 0 ? "none" : text(bound)
}

/// An account in a few lines.
func accountText(_ account: JSONValue) -> String {
    let quota = quotaText(account["quota"]) { "\($0) octets" }
    let messages = quotaText(account["quotaMessages"]) { "\($0)" }
    let sent = account["saveSent"]?.bool.map { $0 ? "on" : "off" } ?? "default"
    let forward =
        account.shown("forwardsTo").isEmpty
        ? ""
        : "\n  forwards to:    \(account.shown("forwardsTo"))"
            + (account["keepsCopy"] == .bool(false) ? "; keeps no copy" : "; keeps a copy")
    return """
        \(account.shown("address"))
          number:         \(account.shown("id"))
          enabled:        \(account.shown("enabled"))
          password:       \(account["hasPassword"]?.bool == true ? "set" : "none: nobody can log on")
          may log on by:  \(account.shown("services").isEmpty ? "nothing" : account.shown("services"))
          quota:          \(quota)
          quota messages: \(messages)
          save sent:      \(sent)\(forward)
        """
}
