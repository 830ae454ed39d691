// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension Command {
    static let mailGroup = Command(
        "group",
        summary: "Addresses whose mail goes to each of their members",
        discussion: "Members are accounts, aliases and groups of this server, and addresses of others. Who is reached "
            + "several times gets a message once.",
        subcommands: [.groupAdd, .groupList, .groupShow, .groupSet, .groupRemove]
    )
}

extension Option {
    static let groupOwner = Option(
        "--owner",
        value: "ADDRESS",
        help: "The envelope sender of what the group passes on, who hears of failures; none: the sender's own"
    )
    static let groupSender = Option(
        "--sender",
        value: "WHO",
        help: "Who may send: anyone, users (logged on), members, an address or a domain",
        isRepeated: true
    )
}

extension Argument {
    static let groupMembers = Argument("MEMBER", help: "An address that gets the mail", isRepeated: true)
}

extension Invocation {
    /// What `add` and `set` send of a group's rules.
    func groupRules() -> [JSONMember] {
        var members: [JSONMember] = []
        if let owner = value(.groupOwner) {
            members.append(JSONMember("owner", owner.isEmpty || owner == "none" ? .null : .string(owner)))
        }
        if has(.groupSender) { members.append(JSONMember("senders", .strings(values(.groupSender)))) }
        return members
    }
}

/// A group in a few lines.
func groupText(_ group: JSONValue) -> String {
    let members = (group["members"]?.strings ?? []).map { "\n    \(PrintableText.escaped($0))" }.joined()
    return """
        \(group.shown("address"))
          owner:    \(group.shown("owner").isEmpty ? "none: the sender stays who it was" : group.shown("owner"))
          may send: \(group.shown("senders"))
          members:\(members)
        """
}
