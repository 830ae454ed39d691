// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let message = Command(
        "message",
        summary: "Look at single messages",
        subcommands: [.messageList, .messageInspect, .messageQuarantine]
    )
}
