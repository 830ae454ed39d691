// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Makes a mailbox (RFC 9051 §6.3.4), with special uses if asked for (RFC 6154 §3).
package struct CreateCommand: IMAPCommand {
    package static let name: StaticString = "CREATE"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var specialUse: Set<SpecialUse>
    /// Attributes that no mailbox can be given here.
    package var unknownUses: Set<String>

    package init(mailbox: String, specialUse: Set<SpecialUse> = []) {
        self.mailbox = mailbox
        self.specialUse = specialUse
        unknownUses = []
    }

    // create = "CREATE" SP mailbox [SP "(" create-param *(SP create-param) ")"]    RFC 4466 §2.2
    // create-param =/ "USE" SP "(" [use-attr *(SP use-attr)] ")"    RFC 6154 §6
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        self.init(mailbox: try scanner.mailbox())
        guard !scanner.isAtEnd else { return }
        try scanner.space()
        try scanner.open()
        guard scanner.acceptWord("USE") else { throw scanner.failure("USE") }
        try scanner.space()
        let uses = try scanner.list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            try scanner.expect(ASCII.backslash, "a special-use attribute such as \\Sent")
            return "\\" + String(decoding: try scanner.atom("a special-use attribute such as \\Sent"), as: UTF8.self)
        }
        try scanner.close()
        for use in uses {
            let known = SpecialUse.allCases.first { ASCII.equalIgnoringCase($0.rawValue.utf8, use.utf8) }
            if let known { specialUse.insert(known) } else { unknownUses.insert(use) }
        }
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        guard !specialUse.isEmpty else { return }
        encoder.raw(" (USE ")
        encoder.list(specialUse.map(\.rawValue).sorted()) { encoder, use in encoder.raw(use.utf8) }
        encoder.raw(")")
    }
}
