// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension UnauthenticateCommand: SessionCommand {
    /// Where it is not offered it is no command (RFC 8437 §3, §8).
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard facts.allowsUnauthenticate else { throw .bad(SessionTable.unknown("\(Self.name)")) }
    }

    /// The session ends with the answer, and whatever it was with it: what is selected (nothing is expunged), enabled,
    /// and saved for `$`.
    func perform(in session: IMAPSession) -> Completion {
        session.view = nil
        return Completion(next: .logOn)
    }
}
