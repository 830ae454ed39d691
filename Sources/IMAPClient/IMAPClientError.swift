// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
package import Runtime

/// Why a session cannot go on, or a command was not done.
package enum IMAPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    case io(IOError)
    /// An octet that the grammar does not have there; the response up to it and a little more.
    case notAResponse(IMAPSyntaxError, response: [UInt8])
    /// Longer than the limits have it: so many octets at least.
    case tooLong(UInt64)
    /// Valid, but not when it came.
    case unexpected(String)
    /// NO or BAD to a command; the session goes on.
    case refused(StatusResponse)
    /// The server ends the session.
    case bye(StatusResponse)
    /// The server does not offer what is needed, or TLS is missing; the session goes on.
    case missing(String)
    /// Cannot be sent while other commands are under way; the session goes on.
    case busy
    /// The message that is to be sent could not be read on this side.
    case unreadable(String)

    /// Whether other commands may follow.
    package var leavesSessionOpen: Bool {
        switch self {
        case .refused, .missing, .busy: true
        case .io, .notAResponse, .tooLong, .unexpected, .bye, .unreadable: false
        }
    }

    package var description: String {
        switch self {
        case .io(let error): "\(error)"
        case .notAResponse(let error, let response): "\(error) of \(String(decoding: response, as: UTF8.self))"
        case .tooLong(let octets): "a response of \(octets) octets or more"
        case .unexpected(let what): "unexpected: \(what)"
        case .refused(let status): "\(status.condition.rawValue) \(status.text)"
        case .bye(let status): "BYE \(status.text)"
        case .missing(let what): "\(what) is not there"
        case .busy: "other commands are under way"
        case .unreadable(let error): "cannot read the message: \(error)"
        }
    }
}
