// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The full name of a mailbox (IMAP folder), UTF-8, levels divided by `/` (RFC 9051 §5.1).
///
/// 1 to 1,000 octets, at most 32 levels, no control characters, no empty level. `INBOX` is always spelled so; other
/// names keep their case.
public struct MailboxName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Between levels, on the wire and in `text`.
    public static let delimiter: Character = "/"
    /// Octets of UTF-8 in the whole name, delimiters counted.
    public static let maximumOctets = 1000
    /// Levels in the whole name, the highest counted.
    public static let maximumLevels = 32
    /// Where mail arrives; clients may write it in any case (RFC 9051 §5.1).
    public static let inbox = MailboxName(unchecked: "INBOX")

    /// All levels, divided by `delimiter`.
    public let text: String

    /// `nil` when the text breaks a bound above.
    public init?(_ text: String) {
        guard (1...Self.maximumOctets).contains(text.utf8.count), !text.utf8.contains(where: ASCII.isControl) else {
            return nil
        }
        var levels = text.split(separator: Self.delimiter, omittingEmptySubsequences: false).map(String.init)
        guard levels.count <= Self.maximumLevels, levels.allSatisfy({ !$0.isEmpty }) else { return nil }
        if ASCII.equalIgnoringCase(levels[0].utf8, "INBOX".utf8) { levels[0] = "INBOX" }
        self.text = levels.joined(separator: String(Self.delimiter))
    }

    private init(unchecked text: String) { self.text = text }

    /// Whether this is INBOX itself; mailboxes below it are not.
    public var isInbox: Bool { text == "INBOX" }
    /// In UTF-8, as `text`: neither quoted nor in modified UTF-7.
    public var description: String { text }

    /// The mailbox one level up, if there is one.
    public var parent: MailboxName? {
        text.lastIndex(of: Self.delimiter).map { MailboxName(unchecked: String(text[..<$0])) }
    }

    /// Whether this name lies (at any depth) below `ancestor`.
    public func isBelow(_ ancestor: MailboxName) -> Bool {
        text.hasPrefix(ancestor.text + String(Self.delimiter))
    }

    /// The name after `ancestor` (which it equals or lies below) was renamed to `target`; `nil` when the result is too
    /// long.
    public func moved(from ancestor: MailboxName, to target: MailboxName) -> MailboxName? {
        guard self == ancestor || isBelow(ancestor) else { return nil }
        return MailboxName(target.text + text.dropFirst(ancestor.text.count))
    }

    /// Order of the Unicode scalars, the same in every locale; `B` comes before `a`.
    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// What a mailbox is for (RFC 6154 §2).
public enum SpecialUse: String, Hashable, Sendable, CaseIterable {
    case all = "\\All"
    case archive = "\\Archive"
    case drafts = "\\Drafts"
    case flagged = "\\Flagged"
    case junk = "\\Junk"
    case sent = "\\Sent"
    case trash = "\\Trash"
}
