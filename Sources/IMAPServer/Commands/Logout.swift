// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension LogoutCommand: PreAuthenticationCommand, SessionCommand {
    private static let goodbye = Response.untagged(StatusResponse(.bye, nil, "Logging out"))

    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) -> PreAuthenticationStep {
        state.connection.write(Self.goodbye)
        return .leave(StatusResponse(.ok, nil, "LOGOUT completed"))
    }

    func perform(in session: IMAPSession) -> Completion {
        session.send(Self.goodbye)
        session.view = nil
        return .leaving
    }
}
