// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Opens a mailbox without the right to change it (RFC 9051 §6.3.3).
package struct ExamineCommand: IMAPCommand {
    package static let name: StaticString = "EXAMINE"
    package static let traits: CommandTraits = [.authenticated, .selected, .leavesMailbox]

    package var mailbox: String
    package var parameters: SelectParameters

    package init(mailbox: String, parameters: SelectParameters = SelectParameters()) {
        self.mailbox = mailbox
        self.parameters = parameters
    }

    // examine = "EXAMINE" SP mailbox [select-params]    RFC 3501 §9, RFC 4466 §2.1
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        parameters = try scanner.selectParameters()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.selectParameters(parameters)
    }
}
