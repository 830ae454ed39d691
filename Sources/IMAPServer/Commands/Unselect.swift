// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension UnselectCommand: SessionCommand {
    func perform(in session: IMAPSession) -> Completion {
        session.view = nil
        return .done
    }
}
