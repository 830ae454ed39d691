// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// One address structure of ENVELOPE (RFC 9051 §7.5.2), field by field as it goes out.
///
/// A group is a run of them: one with `host` `nil` and the group's name in `mailbox`, its members, then one with all
/// fields `nil`.
///
/// Octets are those of the header (encoded-words and 8-bit text stay as they are), without quotes, escapes, CR, LF,
/// NUL.
package struct EnvelopeAddress: Sendable, Hashable {
    /// The display name, or the comment that stands for one.
    package var name: [UInt8]?
    /// The source route of an obsolete address, `@a,@b`.
    package var route: [UInt8]?
    /// The local part, or the name of the group that begins here.
    package var mailbox: [UInt8]?
    /// The domain.
    ///
    /// Empty, not `nil`, when an address has none: `nil` would begin or end a group.
    package var host: [UInt8]?

    package init(name: [UInt8]? = nil, route: [UInt8]? = nil, mailbox: [UInt8]?, host: [UInt8]?) {
        self.name = name
        self.route = route
        self.mailbox = mailbox
        self.host = host
    }

    package static func groupStart(_ name: [UInt8]) -> EnvelopeAddress { EnvelopeAddress(mailbox: name, host: nil) }
    package static let groupEnd = EnvelopeAddress(mailbox: nil, host: nil)

    package var isGroupStart: Bool { host == nil && mailbox != nil }
    package var isGroupEnd: Bool { host == nil && mailbox == nil }

    /// Reads the unfolded value of an address list field (RFC 5322 §3.4).
    ///
    /// Total: text without any address in it gives a mailbox without host.
    package static func list(parsing value: [UInt8]) -> [EnvelopeAddress] {
        var parser = AddressParser(value, maximum: MessageLimits.standard.addresses)
        return parser.parse()
    }
}
