// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension IDCommand: PreAuthenticationCommand, SessionCommand {
    private static func answer(_ configuration: IMAPConfiguration) -> Response {
        let version = configuration.serverVersion
        return .id([IDParameter("name", "Martlet")] + (version.isEmpty ? [] : [IDParameter("version", version)]))
    }

    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) -> PreAuthenticationStep {
        state.client = parameters
        state.connection.write(Self.answer(state.configuration))
        return .answer(StatusResponse(.ok, nil, "ID completed"))
    }

    func perform(in session: IMAPSession) -> Completion {
        session.send(Self.answer(session.configuration))
        return .done
    }
}
