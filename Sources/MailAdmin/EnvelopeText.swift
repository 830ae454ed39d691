// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import MessageFormat

/// What is in an envelope, for people.
enum EnvelopeText {
    /// The text with encoded-words decoded; empty for none.
    static func decoded(_ value: [UInt8]?) -> String { value.map { EncodedWord.decode($0) } ?? "" }

    /// The octets as they are, where they are UTF-8.
    static func raw(_ value: [UInt8]?) -> String { value.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// `Ann <ann@example.org>, Team: bob@example.org;`.
    static func addresses(_ list: [EnvelopeAddress]) -> String {
        var text = ""
        for address in list {
            if address.isGroupEnd {
                text += ";"
                continue
            }
            if !text.isEmpty { text += text.hasSuffix(":") ? " " : ", " }
            text += address.isGroupStart ? decoded(address.mailbox) + ":" : one(address)
        }
        return text
    }

    private static func one(_ address: EnvelopeAddress) -> String {
        let host = raw(address.host)
        let plain = raw(address.mailbox) + (host.isEmpty ? "" : "@" + host)
        let name = decoded(address.name)
        return name.isEmpty ? plain : "\(name) <\(plain)>"
    }
}
