// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension EnableCommand: SessionCommand {
    /// Nothing that is offered needs to be enabled; what is not known is passed over (RFC 9051 §6.3.1).
    func perform(in session: IMAPSession) -> Completion {
        session.send(.enabled([]))
        return .done
    }
}
