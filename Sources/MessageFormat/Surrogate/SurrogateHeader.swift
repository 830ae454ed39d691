// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A header for clients that take ASCII only, made of one in UTF-8 (RFC 6858 §2), field by field.
package enum SurrogateHeader {
    /// The header with other fields in the place of those in UTF-8, or none where RFC 6858 has none; `nil` when there
    /// is nothing to be exchanged.
    ///
    /// Octets above 127 that are not UTF-8 are no text of RFC 6532: such fields stay as they are.
    package static func make(of header: [UInt8]) -> [UInt8]? {
        guard !header.isASCII else { return nil }
        let fields = HeaderFields(header)
        var made: [UInt8] = []
        var end = 0
        var isOther = false
        for field in fields {
            end = field.whole.upperBound
            let octets = Array(header[field.whole])
            guard !octets.isASCII, String(validating: octets, as: UTF8.self) != nil else {
                made += octets
                continue
            }
            isOther = true
            made += surrogate(of: field, in: fields) ?? []
        }
        return isOther ? made + header[end...] : nil
    }

    /// `nil` for a field that is left out.
    private static func surrogate(of field: HeaderField, in fields: HeaderFields) -> [UInt8]? {
        let name = Array(fields.bytes[field.name])
        guard !name.isEmpty, name.isASCII else { return nil }
        let known = String(decoding: name.map(ASCII.lower), as: UTF8.self)
        guard let value = exchanged(fields.unfolded(field), of: known) else { return nil }
        return name + Array(": ".utf8) + value + [ASCII.cr, ASCII.lf]
    }

    private static func exchanged(_ value: [UInt8], of name: String) -> [UInt8]? {
        switch name {
        case "subject": EncodedWord.encode(EncodedWord.decode(value))
        case "content-type", "content-disposition": withoutParameters(value)
        case "return-path": SurrogateAddress.invalid
        case _ where addressFields.contains(name): SurrogateAddress.list(value)
        default: nil
        }
    }

    /// RFC 6858 §2.1; addresses elsewhere count as none.
    private static let addressFields: Set<String> = [
        "bcc", "cc", "from", "reply-to", "resent-bcc", "resent-cc", "resent-from", "resent-sender", "resent-to",
        "sender", "to",
    ]

    /// The value without parameters in UTF-8 (RFC 6858 §2.2); `nil` when the type itself is in UTF-8.
    private static func withoutParameters(_ value: [UInt8]) -> [UInt8]? {
        var scanner = FieldScanner(value)
        scanner.skipCommentsAndSpace()
        let type = scanner.take { !";(".utf8.contains($0) }.trimmedBlanks
        guard !type.isEmpty, type.isASCII else { return nil }
        var overflow = false
        let list = ParameterList(parsing: &scanner, maximum: MessageLimits.standard.parameters, overflow: &overflow)
        // A part of a parameter (RFC 2231 §3) is of no use without the others.
        let excised = Set(list.entries.lazy.filter { !$0.attribute.isASCII || !$0.value.isASCII }.map(\.baseName))
        // Without its boundary a multipart is none. No RFC allows one in UTF-8, so that it is octets as others are.
        guard !excised.contains(Array("boundary".utf8)) else { return value }
        var made = type
        for entry in list.entries where !excised.contains(entry.baseName) {
            made += Array(";\r\n ".utf8)
            made += entry.attribute
            made.append(UInt8(ascii: "="))
            made += SurrogateAddress.quoted(entry.value)
        }
        return made
    }
}

extension MediaParameter {
    /// The attribute up to the asterisks of RFC 2231, in lower case.
    fileprivate var baseName: [UInt8] { attribute.prefix { $0 != UInt8(ascii: "*") }.map(ASCII.lower) }
}

extension [UInt8] {
    var isASCII: Bool { withView { !$0.hasEightBit(in: 0..<$0.count) } }
}
