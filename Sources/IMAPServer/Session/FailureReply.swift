// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import Runtime

/// The one place that turns what a handler threw into a NO or BAD.
enum FailureReply {
    /// The answer, and what only the log may know of it; `nil` for the end of the connection itself.
    static func make(for error: any Error) -> (status: StatusResponse, detail: String?)? {
        switch error {
        case is IOError: nil
        case let refusal as CommandRefusal: (StatusResponse(refusal.condition, refusal.code, refusal.text), nil)
        case let error as IMAPSyntaxError: (StatusResponse(.bad, nil, sentence(error.description)), nil)
        case let error as MailStoreError: store(error)
        default: (StatusResponse(.no, .word(.serverBug), "Internal error"), String(describing: error))
        }
    }

    private static func store(_ error: MailStoreError) -> (StatusResponse, String?) {
        let isOurs = [.storageFull, .damaged, .unavailable].contains(error.code)
        let status = StatusResponse(.no, .word(code(of: error.code)), sentence(error.message))
        return (status, isOurs ? "\(error.message): \(error.detail)" : nil)
    }

    static func code(of code: MailStoreError.Code) -> ResponseCode.Word {
        switch code {
        case .noSuchMailbox, .noSuchMessage: .nonexistent
        case .mailboxExists: .alreadyExists
        case .forbidden: .cannot
        case .busy: .inUse
        case .overQuota: .overQuota
        case .storageFull: .unavailable
        case .limit: .limit
        case .damaged: .corruption
        case .unavailable: .serverBug
        }
    }

    static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

/// Runs `body`; a mailbox that is missing is one that the client could make first (RFC 9051 §7.1 TRYCREATE).
func offeringCreation<Result>(
    _ body: () async throws(MailStoreError) -> Result
) async throws -> Result {
    do throws(MailStoreError) {
        return try await body()
    } catch {
        guard error.code == .noSuchMailbox else { throw error }
        throw CommandRefusal.no(.tryCreate, FailureReply.sentence(error.message))
    }
}
