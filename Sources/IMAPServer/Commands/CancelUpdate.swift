// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension CancelUpdateCommand: SessionCommand {
    func perform(in session: IMAPSession) throws -> Completion {
        let known = session.view?.contexts.map(\.tag) ?? []
        guard tags.allSatisfy(known.contains) else {
            throw CommandRefusal.bad("No search with such a tag is kept up to date")
        }
        session.view?.contexts.removeAll { tags.contains($0.tag) }
        return .done
    }
}
