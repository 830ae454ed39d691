// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Where a command line leaves the grammar.
package struct SMTPSyntaxError: Error, Hashable, Sendable {
    /// What is wrong, as far as the reply differs.
    package enum Fault: Sendable, Hashable {
        /// No command of this name: `500 5.5.2`.
        case unknownCommand
        /// The command's own syntax: `501 5.5.4`.
        case argument
        /// The reverse-path: `501 5.1.7`.
        case reversePath
        /// The forward-path: `501 5.1.3`.
        case forwardPath
        /// The value of a parameter that is known, or one given twice: `501 5.5.4`.
        case parameter
        /// A parameter that this grammar does not know: `555 5.5.4`.
        case unknownParameter
    }

    package var fault: Fault
    /// Offset of the octet that does not fit, in the line.
    package var offset: Int
    /// What should have been there, for the reply.
    package var expected: String

    package init(_ fault: Fault, at offset: Int, expected: String) {
        self.fault = fault
        self.offset = offset
        self.expected = expected
    }

    /// The reply that RFC 5321 §4.2.4 and RFC 3463 give for this fault.
    package var reply: SMTPReply {
        switch fault {
        case .unknownCommand: SMTPReply(500, .invalidCommand, "Unknown command")
        case .argument: SMTPReply(501, .invalidArguments, "Syntax error: expected \(expected)")
        case .reversePath: SMTPReply(501, .badSenderSyntax, "Sender address: expected \(expected)")
        case .forwardPath: SMTPReply(501, .badRecipientSyntax, "Recipient address: expected \(expected)")
        case .parameter: SMTPReply(501, .invalidArguments, "Parameter: expected \(expected)")
        case .unknownParameter: SMTPReply(555, .invalidArguments, "Unknown parameter \(expected)")
        }
    }
}
