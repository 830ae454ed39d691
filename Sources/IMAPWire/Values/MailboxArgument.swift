// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireScanner {
    /// A mailbox name as UTF-8 text, not yet checked for the bounds of `MailboxName`.
    // mailbox = "INBOX" / astring    RFC 9051 §9, RFC 3501 §5.1.3
    package mutating func mailbox() throws(IMAPSyntaxError) -> String {
        let start = offset
        return try mailboxText(try astring("a mailbox name"), at: start)
    }

    // list-mailbox = 1*list-char / string    RFC 9051 §9
    package mutating func listMailbox() throws(IMAPSyntaxError) -> String {
        let start = offset
        if isAtString { return try mailboxText(try string(), at: start) }
        let token = run(of: .list)
        guard !token.isEmpty else { throw failure("a mailbox name or pattern") }
        return try mailboxText(Array(token), at: start)
    }

    /// Names in UTF-8 are always taken: clients that know nothing of modified UTF-7 send them.
    func mailboxText(_ octets: [UInt8], at start: Int) throws(IMAPSyntaxError) -> String {
        if textForm == .utf8 || octets.contains(where: { $0 >= 0x80 }) {
            guard let name = String(validating: octets, as: UTF8.self) else {
                throw failure(
                    textForm == .utf8 ? "a mailbox name in UTF-8" : "a mailbox name in modified UTF-7 or UTF-8",
                    at: start
                )
            }
            return name
        }
        guard let text = ModifiedUTF7.decode(octets) else {
            throw failure("a mailbox name in modified UTF-7 (\"&\" is written \"&-\")", at: start)
        }
        return text
    }
}
