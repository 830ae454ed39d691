// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension NoopCommand: PreAuthenticationCommand, SessionCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) -> PreAuthenticationStep {
        .answer(StatusResponse(.ok, nil, "NOOP completed"))
    }

    /// The dispatcher reports what is new, as it does behind every command.
    func perform(in session: IMAPSession) -> Completion { .done }
}
