// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Why the directory did not do what was asked.
///
/// `description` is one or two sentences for the person who asked: what is wrong, and what to do.
package struct DirectoryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What callers switch on.
    package enum Code: String, Sendable, Hashable {
        case notFound = "not-found"
        case alreadyExists = "already-exists"
        /// Something else stands in the way, such as an alias that points at the account.
        case inUse = "in-use"
        case invalid
        /// The file could not be read or written; nothing was changed.
        case unavailable
    }

    package let code: Code
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension DirectoryError {
    static func noDomain(_ domain: Domain) -> DirectoryError {
        DirectoryError(.notFound, "\(domain) is no domain of this server. Add it: martlet domain add \(domain)")
    }

    static func domainExists(_ domain: Domain) -> DirectoryError {
        DirectoryError(.alreadyExists, "\(domain) is a domain of this server already.")
    }

    static func noAccount(_ address: MailboxAddress) -> DirectoryError {
        DirectoryError(.notFound, "There is no account \(address). See: martlet account list")
    }

    static func noAlias(_ address: MailboxAddress) -> DirectoryError {
        DirectoryError(.notFound, "There is no alias \(address). See: martlet alias list")
    }

    static func noGroup(_ address: MailboxAddress) -> DirectoryError {
        DirectoryError(.notFound, "There is no group \(address). See: martlet group list")
    }

    static func addressTaken(_ address: MailboxAddress, as noun: String) -> DirectoryError {
        DirectoryError(
            .alreadyExists,
            "\(address) is an \(noun) already. Change it with martlet \(noun) set \(address), or remove it first."
        )
    }

    static func noTarget(_ address: MailboxAddress) -> DirectoryError {
        DirectoryError(
            .notFound,
            "\(address) is not here, though its domain is this server's. Add it first, as an account, an alias or a "
                + "group."
        )
    }

    static func newerSchema(found: Int64, known: Int64) -> DirectoryError {
        DirectoryError(
            .unavailable,
            "The directory was written by a newer Martlet (version \(found) of its tables; this one knows \(known)). "
                + "Start the newer program."
        )
    }

    static func sqlite(_ error: SQLiteError, file: String) -> DirectoryError {
        DirectoryError(
            .unavailable,
            "The directory \(file) cannot be used: \(error). Check that the folder exists, is writable by this user, "
                + "and has space."
        )
    }
}
