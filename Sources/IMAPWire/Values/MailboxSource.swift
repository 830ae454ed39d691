// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Some mailboxes, by what they are or by name (RFC 5465 §6, RFC 7377 §2.2).
package enum MailboxSource: Hashable, Sendable {
    /// The selected mailbox.
    case selected
    /// Those that mail is delivered to.
    case inboxes
    /// All of the user's own.
    case personal
    case subscribed
    /// These, and all below them.
    case subtree([String])
    /// These, and those right below them.
    case subtreeOne([String])
    case mailboxes([String])

    /// Most names in one command.
    package static let maximumNames = 1000
}

extension WireScanner {
    // source-mbox = filter-mailboxes *(SP filter-mailboxes)    RFC 7377 §4
    package mutating func mailboxSources() throws(IMAPSyntaxError) -> [MailboxSource] {
        var sources = [try mailboxSource()]
        while accept(ASCII.space) { sources.append(try mailboxSource()) }
        return sources
    }

    // filter-mailboxes = "selected" / "inboxes" / "personal" / "subscribed" / ("subtree" SP one-or-more-mailbox) /
    //                    ("subtree-one" SP one-or-more-mailbox) / ("mailboxes" SP one-or-more-mailbox)
    // RFC 5465 §8, RFC 7377 §4
    mutating func mailboxSource() throws(IMAPSyntaxError) -> MailboxSource {
        let start = offset
        let expected = "selected, inboxes, personal, subscribed, subtree, subtree-one or mailboxes"
        switch try word(expected) {
        case "SELECTED": return .selected
        case "INBOXES": return .inboxes
        case "PERSONAL": return .personal
        case "SUBSCRIBED": return .subscribed
        case "SUBTREE": return .subtree(try mailboxNames())
        case "SUBTREE-ONE": return .subtreeOne(try mailboxNames())
        case "MAILBOXES": return .mailboxes(try mailboxNames())
        default: throw failure(expected, at: start)
        }
    }

    // one-or-more-mailbox = mailbox / many-mailboxes; many-mailboxes = "(" mailbox *(SP mailbox) ")"    RFC 5465 §8
    private mutating func mailboxNames() throws(IMAPSyntaxError) -> [String] {
        try space()
        guard peek() == 0x28 else { return [try mailbox()] }
        let start = offset
        let names = try list { (scanner) throws(IMAPSyntaxError) in try scanner.mailbox() }
        guard names.count <= MailboxSource.maximumNames else {
            throw failure("at most \(MailboxSource.maximumNames) mailbox names", at: start)
        }
        return names
    }
}

extension WireEncoder {
    package mutating func mailboxSource(_ source: MailboxSource) {
        switch source {
        case .selected: raw("selected")
        case .inboxes: raw("inboxes")
        case .personal: raw("personal")
        case .subscribed: raw("subscribed")
        case .subtree(let names): mailboxNames("subtree ", names)
        case .subtreeOne(let names): mailboxNames("subtree-one ", names)
        case .mailboxes(let names): mailboxNames("mailboxes ", names)
        }
    }

    private mutating func mailboxNames(_ keyword: StaticString, _ names: [String]) {
        raw(keyword)
        list(names) { encoder, name in encoder.mailbox(name) }
    }
}
