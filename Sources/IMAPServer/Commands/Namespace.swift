// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension NamespaceCommand: SessionCommand {
    func perform(in session: IMAPSession) -> Completion {
        session.send(.namespace(others: session.sharing == nil ? nil : OthersNamespace.prefix))
        return .done
    }
}
