// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What somebody may do with a mailbox: the standard rights of RFC 4314 §2.1.
public struct MailboxRights: OptionSet, Hashable, Sendable {
    /// One bit for each right; they never change their meaning, since stores hold them.
    public let rawValue: UInt16

    /// Takes any bits; those that stand for no right mean nothing.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `l`: the mailbox is seen by LIST.
    public static let lookup = MailboxRights(rawValue: 1 << 0)
    /// `r`: SELECT, STATUS, and reading its messages.
    public static let read = MailboxRights(rawValue: 1 << 1)
    /// `s`: to change `\Seen`.
    public static let keepSeen = MailboxRights(rawValue: 1 << 2)
    /// `w`: to change flags but `\Seen` and `\Deleted`.
    public static let write = MailboxRights(rawValue: 1 << 3)
    /// `i`: APPEND, and COPY into it.
    public static let insert = MailboxRights(rawValue: 1 << 4)
    /// `p`: to send mail to its address; kept, and nothing that IMAP looks at.
    public static let post = MailboxRights(rawValue: 1 << 5)
    /// `k`: to make mailboxes below it.
    public static let createMailboxes = MailboxRights(rawValue: 1 << 6)
    /// `x`: to delete or rename it.
    public static let deleteMailbox = MailboxRights(rawValue: 1 << 7)
    /// `t`: to change `\Deleted`.
    public static let deleteMessages = MailboxRights(rawValue: 1 << 8)
    /// `e`: EXPUNGE, also as a part of CLOSE.
    public static let expunge = MailboxRights(rawValue: 1 << 9)
    /// `a`: to see and change who has rights.
    public static let administer = MailboxRights(rawValue: 1 << 10)

    /// What an owner has.
    public static let all = MailboxRights(rawValue: (1 << 11) - 1)
    /// One of these at least has who may know that the mailbox exists (RFC 4314 §4, MYRIGHTS).
    public static let anyThatShows: MailboxRights = [
        .lookup, .read, .insert, .createMailboxes, .deleteMailbox, .administer,
    ]

    private static let letters: [(letter: UInt8, rights: MailboxRights)] = [
        (0x6C, .lookup), (0x72, .read), (0x73, .keepSeen), (0x77, .write), (0x69, .insert), (0x70, .post),
        (0x6B, .createMailboxes), (0x78, .deleteMailbox), (0x74, .deleteMessages), (0x65, .expunge),
        (0x61, .administer),
    ]

    /// The rights `c` and `d` of RFC 2086, and what each stands for here (RFC 4314 §2.1.1).
    private static let virtualLetters: [(letter: UInt8, rights: MailboxRights)] = [
        (0x63, [.createMailboxes, .deleteMailbox]), (0x64, [.deleteMessages, .expunge]),
    ]

    /// Reads letters, in any order and as often as they come; `c` and `d` as what they stand for.
    ///
    /// `nil` when one stands for no right: capitals do not, nor do digits.
    public init?(letters text: some Sequence<UInt8>) {
        let known = Self.letters + Self.virtualLetters
        var rights: MailboxRights = []
        for letter in text {
            guard let right = known.first(where: { $0.letter == letter })?.rights else { return nil }
            rights.formUnion(right)
        }
        self = rights
    }

    /// Its letters, in the order of RFC 4314 §2.1.
    public var text: String { Self.joined(Self.letters.filter { !isDisjoint(with: $0.rights) }) }

    /// The same with `c` and `d` behind, for clients of RFC 2086, where any of what they stand for is among the rights.
    public var textWithVirtualRights: String {
        text + Self.joined(Self.virtualLetters.filter { !isDisjoint(with: $0.rights) })
    }

    /// The letters of rights that can be given one by one, `c` and `d` among them (RFC 4314 §3.7).
    public static let lettersOneByOne: [String] = (letters + virtualLetters).map { joined([$0]) }

    private static func joined(_ chosen: [(letter: UInt8, rights: MailboxRights)]) -> String {
        String(decoding: chosen.map(\.letter), as: UTF8.self)
    }
}
