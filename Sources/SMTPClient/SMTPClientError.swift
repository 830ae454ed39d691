// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// Why a client could not go on with a connection.
package struct SMTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// How far it had come.
    package enum Stage: String, Sendable, Equatable {
        case connect
        case greeting
        case hello
        case tls
        case envelope
        case content
        /// All of the message was sent, and no answer came: it may have been taken.
        case answer
    }

    package enum Cause: Sendable, Equatable {
        case io(IOError)
        /// The server does not want to talk: its greeting, or its answer to EHLO.
        case refused(SMTPReply)
        case notAReply(SMTPReplyError)
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
        }
    }
}
