// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime

extension ThreadCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { try key.check(facts) }

    func perform(in session: IMAPSession) async throws -> Completion {
        var places: [Int] = []
        let result = try await session.found(key, charset, numbers, nil) { found in
            places = found
            return found
        }
        session.connection.write(try await ThreadRun(session, algorithm).response(places, result.numbers))
        return .done
    }
}
