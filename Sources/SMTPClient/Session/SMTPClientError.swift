// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// Why a client could not go on with a connection.
package struct SMTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// How far it had come.
    package enum Stage: String, Sendable, Hashable {
        case connect
        case greeting
        case hello
        case tls
        case authentication
        case envelope
        case content
        /// All of the message was sent, and no answer came: it may have been taken.
        case answer
    }

    package enum Cause: Sendable, Hashable {
        case io(IOError)
        /// The server does not want to: its greeting, or its answer to EHLO, STARTTLS or AUTH.
        case refused(SMTPReply)
        case notAReply(SMTPReplyError)
        /// A reply that cannot stand where it came, such as 250 before the message was sent.
        case unexpected(SMTPReply)
        /// The server does not offer what is needed: an extension, or a mechanism.
        case missing(String)
        /// The message could not be read on this side.
        case unreadable(IOError)
        /// Whoever keeps the ledger did not want the message to be ended.
        case withheld
    }

    package var stage: Stage
    package var cause: Cause

    package init(_ stage: Stage, _ cause: Cause) {
        self.stage = stage
        self.cause = cause
    }

    /// Whether the message may have been taken all the same.
    package var isInDoubt: Bool { stage == .answer }

    package var description: String {
        switch cause {
        case .io(let error): "\(stage.rawValue): \(error)"
        case .refused(let reply): "\(stage.rawValue): \(reply.summary)"
        case .notAReply: "\(stage.rawValue): not a reply"
        case .unexpected(let reply): "\(stage.rawValue): unexpected reply \(reply.summary)"
        case .missing(let name): "\(stage.rawValue): \(name) is not offered"
        case .unreadable(let error): "\(stage.rawValue): cannot read the message: \(error)"
        case .withheld: "\(stage.rawValue): not recorded, so not ended"
        }
    }
}
