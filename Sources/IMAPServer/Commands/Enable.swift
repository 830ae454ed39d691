// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension EnableCommand: SessionCommand {
    /// Tells what it has switched on; what is not known is passed over (RFC 9051 §6.3.1).
    func perform(in session: IMAPSession) -> Completion {
        var told: [String] = []
        for capability in capabilities {
            guard let found = EnabledExtensions.named(capability), !told.contains(found.told) else { continue }
            guard found.extensions.isDisjoint(with: .ofFrontEnd) || Self.isOfFrontEnd(session) else { continue }
            session.enable(found.extensions)
            told.append(found.told)
        }
        session.send(.enabled(told))
        return .done
    }

    /// Words for front-ends are taken when one opens a session anew, which it does under a tag of its own.
    private static func isOfFrontEnd(_ session: IMAPSession) -> Bool {
        session.configuration.isBehindFrontEnd && session.tag == Array("MARTLET-REOPEN".utf8)
    }
}
