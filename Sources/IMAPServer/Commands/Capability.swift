// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension CapabilityCommand: PreAuthenticationCommand, SessionCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) -> PreAuthenticationStep {
        state.connection.write(.capability(state.capabilities))
        return .answer(StatusResponse(.ok, nil, "CAPABILITY completed"))
    }

    func perform(in session: IMAPSession) -> Completion {
        session.send(.capability(session.capabilities))
        return .done
    }
}
