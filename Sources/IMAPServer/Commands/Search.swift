// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailStore
internal import MailTypes

extension SearchCommand: SessionCommand {
    private static let charsets = ["US-ASCII", "UTF-8"]

    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard let charset else { return }
        guard Self.charsets.contains(where: { ASCII.equalIgnoringCase($0.utf8, charset) }) else {
            throw CommandRefusal(condition: .no, code: .badCharset(Self.charsets), text: "Charset is not known")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let found = try await SearchRun(session, key).run()
        session.send(
            .search(
                found.map { index in
                    guard isUID, let uid = session.view?.message(at: index)?.uid else {
                        return UInt32(clamping: index + 1)
                    }
                    return uid.rawValue
                }
            )
        )
        return .done
    }
}
