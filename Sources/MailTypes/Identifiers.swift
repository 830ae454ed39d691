// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The number of an account in the directory: given once, never used again for another.
public struct AccountID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What the directory calls the account by, and the journal the account's stream.
    public let rawValue: UInt64
    /// Takes any number: whether there is such an account, the directory knows.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    /// In decimal.
    public var description: String { String(rawValue) }
    /// By number: an account that was made later comes later.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The number of a mailbox within its account: given once, kept through renames, never used again.
public struct MailboxID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Unique within one account only; the upper half of an `EmailID` made here.
    public let rawValue: UInt32
    /// Takes any number: whether there is such a mailbox, the account's store knows.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    /// In decimal, without the letter of `objectID`.
    public var description: String { String(rawValue) }
    /// By number, whatever the names are.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension MailboxID {
    /// MAILBOXID (RFC 8474 §4): stays with the mailbox through renames.
    public var objectID: String { "F\(rawValue)" }
}

/// The number of one message's content within its account: the same for all copies of a message, wherever they are
/// moved, and never that of another message, even one of the same octets (RFC 8474 §5.1).
///
/// It is made of where the message first was: the mailbox, and the UID there, neither of which is used again.
public struct EmailID: Hashable, Sendable, CustomStringConvertible {
    /// The mailbox in the upper 32 bits, the UID in the lower; 0 where a record does not name it.
    public let rawValue: UInt64
    /// One that was made before, from the number that was kept.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// That of a message that is new to the account, from the place that it gets.
    public init(_ mailbox: MailboxID, _ uid: UID) {
        rawValue = UInt64(mailbox.rawValue) << 32 | UInt64(uid.rawValue)
    }

    /// EMAILID as it stands on the wire.
    public var description: String { "M\(rawValue)" }
}

/// The number of a conversation within its account (RFC 8474 §5.2).
public struct ThreadID: Hashable, Sendable, CustomStringConvertible {
    /// A digest, so that greater does not mean later; 0 where a record does not name it.
    public let rawValue: UInt64
    /// One that was made before, from the number that was kept, or a new one from a digest.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// THREADID as it stands on the wire.
    public var description: String { "T\(rawValue)" }
}

/// 16 octets that name one delivery to one recipient.
///
/// A retry with unknown outcome carries the same, and the store then answers with the first outcome instead of storing
/// twice.
public struct DeliveryID: Hashable, Sendable {
    /// The first eight octets, most significant first where it is written in hexadecimal.
    public let high: UInt64
    /// The last eight octets.
    public let low: UInt64

    /// One that was made before, from what was kept or received.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new one, 128 random bits of the system's; from any thread.
    public static func random() -> DeliveryID {
        DeliveryID(high: RandomBits.next(), low: RandomBits.next())
    }
}

/// 12 characters that follow one message or session through every process and event.
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 32 characters of `0-9 A-Z a-z -`; 12 where Martlet made it.
    public let text: String

    /// `nil` unless 1 to 32 characters of `0-9 A-Z a-z -`.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                || octet == 0x2D
        }
        guard allowed, (1...32).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// A new one: 60 random bits as 12 digits and lower-case letters, without `i`, `l`, `o` and `u`; from any thread.
    public static func random() -> TraceID {
        let bits = RandomBits.next()
        let octets = (0..<12).map { alphabet[Int(bits >> (5 * $0) & 31)] }
        return TraceID(unchecked: String(decoding: octets, as: UTF8.self))
    }

    /// The text, as events show it.
    public var description: String { text }
}
