// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Settings

extension Command {
    static let traceStart = Command(
        "start",
        summary: "Switch a trace on",
        arguments: [.traceSubject],
        options: [.traceDirection, .traceTime, .traceSize, .traceContent, .json],
        examples: [
            "martlet trace start 192.0.2.25", "martlet trace start example.org --direction out --for 1h",
            "martlet trace start 2001:db8::/32 --maximum-size 100M --content",
        ],
        action: .perform { (invocation) throws(CommandError) in
            var members = [JSONMember("subject", .string(try invocation.word(.traceSubject)))]
            switch invocation.value(.traceDirection) {
            case nil, "both": break
            case let direction?: members.append(JSONMember("directions", .strings([direction])))
            }
            if let text = invocation.value(.traceTime) {
                guard let time = Duration(settingText: text) else {
                    throw CommandError(.usage, "--for takes a time such as 15m or 2h.")
                }
                members.append(JSONMember("seconds", .integer(time.components.seconds)))
            }
            if let text = invocation.value(.traceSize) {
                guard let size = ByteCount(settingText: text) else {
                    throw CommandError(.usage, "--maximum-size takes a size such as 10M.")
                }
                members.append(JSONMember("maximumOctets", .integer(size.octets)))
            }
            members.append(JSONMember("content", .bool(invocation.has(.traceContent))))
            let trace = try await invocation.ask(.post, ["traces"], body: .object(members))
            invocation.show(trace, text: traceLine)
        }
    )
}

extension Argument {
    fileprivate static let traceSubject = Argument(
        "PEER|DOMAIN",
        help: "An address, a network (192.0.2.0/24), or a domain with those below it"
    )
}

extension Option {
    fileprivate static let traceDirection = Option(
        "--direction",
        value: "in|out|both",
        help: "Who begins the session: others (in), or this server (out); both by default",
        completion: .words(["in", "out", "both"])
    )
    fileprivate static let traceTime = Option("--for", value: "TIME", help: "How long it is on (15m)")
    fileprivate static let traceSize = Option("--maximum-size", value: "SIZE", help: "How large it gets (10M)")
    fileprivate static let traceContent = Option("--content", help: "Show the content of messages, too")
}
