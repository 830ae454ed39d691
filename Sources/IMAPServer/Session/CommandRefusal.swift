// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

/// Why a command is not done, in the words of the answer.
///
/// Handlers throw it; `FailureReply` sends it.
struct CommandRefusal: Error, Hashable {
    var condition: StatusResponse.Condition
    var code: ResponseCode?
    var text: String

    /// Valid, and not possible now.
    static func no(_ code: ResponseCode.Word?, _ text: String) -> CommandRefusal {
        CommandRefusal(condition: .no, code: code.map { .word($0) }, text: text)
    }

    /// Sequence numbers, where there are none (RFC 9586 §3).
    static let uidRequired = CommandRefusal(
        condition: .bad,
        code: .word(.uidRequired),
        text: "Messages have no numbers while UIDONLY is enabled"
    )

    /// Not valid here.
    static func bad(_ text: String) -> CommandRefusal { CommandRefusal(condition: .bad, code: nil, text: text) }
}
