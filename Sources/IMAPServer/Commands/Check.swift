// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension CheckCommand: SessionCommand {
    /// Everything that was answered is on disk already.
    func perform(in session: IMAPSession) -> Completion { .done }
}
