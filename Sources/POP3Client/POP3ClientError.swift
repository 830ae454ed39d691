// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import POP3Wire
package import Runtime

/// Why a session cannot go on, or a command was not done.
package enum POP3ClientError: Error, Sendable, Hashable, CustomStringConvertible {
    case io(IOError)
    /// An octet that the grammar does not have there; the line up to it and a little more.
    case notAReply(POP3ReplyError, line: [UInt8])
    /// More rows or octets than the limits have it.
    case tooLong
    /// `-ERR`; the session goes on.
    case refused(POP3StatusLine)
    /// Valid, but not when it came.
    case unexpected(String)
    /// The server does not offer what is needed, or TLS is missing; the session goes on.
    case missing(String)

    /// Whether other commands may follow.
    package var leavesSessionOpen: Bool {
        switch self {
        case .refused, .missing: true
        case .io, .notAReply, .tooLong, .unexpected: false
        }
    }

    package var description: String {
        switch self {
        case .io(let error): "\(error)"
        case .notAReply(let error, let line): "\(error) of \(String(decoding: line, as: UTF8.self))"
        case .tooLong: "too long a response"
        case .refused(let line): "-ERR \(String(decoding: line.text, as: UTF8.self))"
        case .unexpected(let what): "unexpected: \(what)"
        case .missing(let what): "\(what) is not there"
        }
    }
}
