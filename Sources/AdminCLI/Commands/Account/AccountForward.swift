// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountForward = Command(
        "forward",
        summary: "Have mail for an account go on to other addresses",
        discussion: "The account keeps a copy, unless --no-copy is given. The envelope sender stays who it was, so "
            + "that the sender hears of what does not arrive.",
        arguments: [.address, .forwardTargets],
        options: [.forwardNoCopy, .forwardOff, .json],
        examples: [
            "martlet account forward ann@example.org ann@example.com",
            "martlet account forward ann@example.org bob@example.org ann@example.com --no-copy",
            "martlet account forward ann@example.org --off",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let targets = invocation.words(.forwardTargets)
            guard targets.isEmpty == invocation.has(.forwardOff) else {
                throw CommandError(.usage, "Name the addresses that the mail goes on to, or --off.")
            }
            let account = try await invocation.ask(
                .put,
                ["accounts", invocation.word(.address), "forward"],
                body: ["targets": .strings(targets), "keepCopy": .bool(!invocation.has(.forwardNoCopy))]
            )
            invocation.show(account, text: accountText)
        }
    )
}

extension Argument {
    static let forwardTargets = Argument(
        "TARGET",
        help: "An address that gets the mail, of this server or of another",
        isOptional: true,
        isRepeated: true
    )
}

extension Option {
    static let forwardNoCopy = Option("--no-copy", help: "The account itself does not get the mail")
    static let forwardOff = Option("--off", help: "Mail stays here again")
}
