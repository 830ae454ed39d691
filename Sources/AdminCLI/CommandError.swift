// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI

/// How a program ends, in the numbers of sysexits.h.
package enum ExitCode: Int32, Sendable {
    case success = 0
    /// Done, and something was found that is not as it should be.
    case findings = 1
    /// The command line itself is wrong.
    case usage = 64
    /// What was given is not valid.
    case data = 65
    /// What was named does not exist.
    case noInput = 66
    /// A part that is needed does not run.
    case unavailable = 69
    case software = 70
    /// It exists already, or could not be made.
    case cannotCreate = 73
    /// Not now; the caller may try again.
    case temporary = 75
    case noPermission = 77
    case configuration = 78
}

/// Why a command ended: what is wrong and what to do about it, in words for a person.
package struct CommandError: Error, Sendable, Equatable {
    package let exitCode: ExitCode
    package let message: String

    package init(_ exitCode: ExitCode, _ message: String) {
        self.exitCode = exitCode
        self.message = message
    }

    package init(_ error: AdminError) {
        let exitCode: ExitCode =
            switch error.code {
            case .badRequest: .usage
            case .forbidden: .noPermission
            case .notFound: .noInput
            case .methodNotAllowed, .failure: .software
            case .conflict: .cannotCreate
            case .tooLarge, .invalid: .data
            case .unavailable, .interrupted: .unavailable
            }
        self.init(exitCode, error.message)
    }
}
