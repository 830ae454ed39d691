// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let routeExplain = Command(
        "explain",
        summary: "Say what would be done with a message to an address, and why",
        arguments: [.address],
        options: [.routeSender, .routeSize, .routePriority, .json],
        examples: ["martlet route explain user@example.com", "martlet route explain user@example.com --size 50000000"],
        action: .perform { (invocation) throws(CommandError) in
            let options: [(Option, String)] = [
                (.routeSender, "sender"), (.routeSize, "size"), (.routePriority, "priority"),
            ]
            let query = options.compactMap { option, name in
                invocation.value(option).map { AdminRequest.Parameter(name, $0) }
            }
            let address = try invocation.word(.address)
            let answer = try await invocation.ask(.get, ["routes", address], query: query)
            invocation.show(answer) { Self.explanation($0) }
        }
    )

    private static func explanation(_ answer: JSONValue) -> String {
        let address = answer.shown("address")
        switch answer.shown("category") {
        case "local": return "\(address) is an account of this server."
        case "alias": return "\(address) stands for \(answer.shown("accounts"))."
        case "forward", "group": return members(address, answer)
        case "unknown": return "\(address): the domain is this server's, and there is no such address (550 5.1.1)."
        case "disabled": return "\(address): the account is disabled (550 5.2.1)."
        case "later": return "\(address): the directory cannot tell now (451 4.3.0)."
        default: return remote(address, answer)
        }
    }

    /// Whom an address stands for, one after another.
    private static func members(_ address: String, _ answer: JSONValue) -> String {
        let isGroup = answer.shown("category") == "group"
        var lines = ["\(address) \(isGroup ? "is a group" : "goes on") to \(answer.shown("count")) addresses:"]
        for member in answer["members"]?.array ?? [] {
            let name = member.shown("address")
            let owner = member.shown("sender")
            let isHere = member.shown("category") == "local"
            let way = isHere ? "\(name) is an account of this server." : remote(name, member)
            lines.append(way.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
            if !owner.isEmpty { lines.append("    with the envelope sender \(owner)") }
        }
        if isGroup { lines.append("May send: \(answer.shown("senders"))") }
        return lines.joined(separator: "\n")
    }

    private static func remote(_ address: String, _ answer: JSONValue) -> String {
        var lines: [String] = []
        switch answer.shown("decision") {
        case "refused": lines.append("\(address) is refused: \(answer.shown("reply"))")
        case "waits": lines.append("\(address) waits: \(answer.shown("reply"))")
        default:
            for (index, route) in (answer["routes"]?.array ?? []).enumerated() {
                let opens = route.shown("opensAt")
                let hours =
                    route["open"] == .bool(true) ? "now" : opens.isEmpty ? "never (\(route.shown("schedule")))" : opens
                let leaves = route["held"] == .bool(true) ? "when it is asked for" : hours
                lines.append(
                    "\(index == 0 ? address : "else") goes by connector \(route.shown("connector")) to "
                        + "\(route.shown("nextHop")); TLS: \(route.shown("security")); leaves: \(leaves)"
                )
            }
        }
        let rule = answer.shown("rule")
        if !rule.isEmpty { lines.append("  by the rule \(rule) for its domain (martlet destination list)") }
        let steps = (answer["steps"]?.array ?? []).map { step in
            let space = step.shown("space")
            let cost = step.shown("cost")
            return "  \(step.shown("connector")) \(step.shown("result"))"
                + (space.isEmpty ? "" : " (address space \(space), cost \(cost))")
        }
        return (lines + steps).joined(separator: "\n")
    }
}

extension Option {
    static let routeSender = Option("--sender", value: "ADDRESS", help: "Who sends; without it, a report of nobody's")
    static let routeSize = Option("--size", value: "OCTETS", help: "How large the message is")
    static let routePriority = Option("--priority", value: "LEVEL", help: "low, normal or urgent")
}
