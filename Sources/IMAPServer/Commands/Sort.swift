// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension SortCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try returned?.check()
        try key.check(facts)
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let result = try await session.found(key, charset, numbers, returned, by: criteria) { found in
            try await SortRun(session, criteria).order(found)
        }
        if let returned {
            session.answer(result, returned, isUID: isUID)
        } else {
            session.send(.sort(result.numbers, modSeq: result.modSeq))
        }
        return .done
    }
}
