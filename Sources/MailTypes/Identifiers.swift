// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The number of an account in the directory: given once, never used again for another.
public struct AccountID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
    public var description: String { String(rawValue) }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The number of a mailbox within its account: given once, kept through renames, never used again.
public struct MailboxID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let rawValue: UInt32
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }
    public var description: String { String(rawValue) }
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
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public init(_ mailbox: MailboxID, _ uid: UID) {
        rawValue = UInt64(mailbox.rawValue) << 32 | UInt64(uid.rawValue)
    }

    /// EMAILID as it stands on the wire.
    public var description: String { "M\(rawValue)" }
}

/// The number of a conversation within its account (RFC 8474 §5.2).
public struct ThreadID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// THREADID as it stands on the wire.
    public var description: String { "T\(rawValue)" }
}

/// 16 octets that name one delivery to one recipient.
///
/// A retry with unknown outcome carries the same, and the store then answers with the first outcome instead of storing
/// twice.
public struct DeliveryID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static func random() -> DeliveryID {
        DeliveryID(high: RandomBits.next(), low: RandomBits.next())
    }
}

/// 12 characters that follow one message or session through every process and event.
public struct TraceID: Hashable, Sendable, CustomStringConvertible {
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

    public static func random() -> TraceID {
        let bits = RandomBits.next()
        let octets = (0..<12).map { alphabet[Int(bits >> (5 * $0) & 31)] }
        return TraceID(unchecked: String(decoding: octets, as: UTF8.self))
    }

    public var description: String { text }
}
