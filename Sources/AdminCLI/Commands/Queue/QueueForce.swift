// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let queueForce = Command(
        "force",
        summary: "Try messages now, or all that waits for a destination",
        arguments: [.queueForced],
        options: [.queueDestination, .json],
        examples: ["martlet queue force 1kd3m5x8r0000", "martlet queue force --destination mx:example.org"],
        action: .perform { (invocation) throws(CommandError) in
            for id in invocation.words(.queueForced) {
                let answer = try await invocation.askQueue(.post, of: id, ["force"])
                invocation.show(answer) { "Message \($0.shown("id")): \($0.shown("state"))" }
            }
            guard let name = invocation.value(.queueDestination) else {
                guard !invocation.words(.queueForced).isEmpty else {
                    throw CommandError(.usage, "Name messages, or a destination with --destination.")
                }
                return
            }
            var problem: CommandError?
            for number in try await invocation.queueNumbers() {
                do throws(CommandError) {
                    let answer = try await invocation.ask(.post, ["queues", number, "destinations", name, "force"])
                    invocation.show(answer) { "Messages for \(name): \($0.shown("messages"))" }
                    return
                } catch {
                    problem = error
                }
            }
            if let problem { throw problem }
        }
    )
}

extension Argument {
    static let queueForced = Argument(
        "ID",
        help: "As \"martlet queue find\" names it",
        isOptional: true,
        isRepeated: true
    )
}
