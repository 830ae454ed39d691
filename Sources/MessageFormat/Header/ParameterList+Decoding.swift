// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension ParameterList {
    /// The value of a parameter as text for people and for search: continuations joined and percent octets decoded (RFC
    /// 2231 §3, §4), else encoded-words decoded, which many mailers write here against RFC 2047 §5.
    ///
    /// `nil` when there is no such parameter.
    package func text(of name: String) -> String? {
        guard let (octets, charset) = joined(name) else { return value(of: name).map { EncodedWord.decode($0) } }
        return charset.map { Charset.text(octets, charset: $0) } ?? EncodedWord.decode(octets)
    }

    /// The octets of a parameter with continuations joined and percent octets decoded, as needed of a boundary or a
    /// charset; the plain parameter counts before its RFC 2231 form.
    package func octets(of name: String) -> [UInt8]? { value(of: name) ?? joined(name)?.octets }

    /// `charset` is `nil` when no section is extended.
    private func joined(_ name: String) -> (octets: [UInt8], charset: [UInt8]?)? {
        let sections = sections(of: name)
        guard let first = sections.first else { return nil }
        var octets: [UInt8] = []
        var charset: [UInt8]? = sections.contains(where: \.isExtended) ? [] : nil
        for section in sections {
            var value = section.value[...]
            if section == first, section.isExtended { charset = Self.takeCharset(from: &value) }
            octets += section.isExtended ? Self.percentDecoded(value) : Array(value)
        }
        return (octets, charset)
    }

    private struct Section: Equatable {
        var number: UInt64
        var isExtended: Bool
        var value: [UInt8]
    }

    /// `name*`, `name*0`, `name*1*` and so on, in the order of their numbers up to the first that is missing.
    private func sections(of name: String) -> [Section] {
        var found: [Section] = []
        for entry in entries {
            let pieces = entry.attribute.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
            guard pieces.count > 1, pieces.count <= 3, let base = pieces.first,
                base.equalsIgnoringCase(name)
            else { continue }
            let extended = pieces.last?.isEmpty == true
            let number: UInt64? = pieces.count == 2 && extended ? 0 : Decimal.parse(pieces[1], maximum: 9_999)
            guard let number else { continue }
            found.append(Section(number: number, isExtended: extended, value: entry.value))
        }
        found.sort { $0.number < $1.number }
        var expected: UInt64 = 0
        return Array(
            found.prefix { section in
                defer { expected += 1 }
                return section.number == expected
            }
        )
    }

    // initial-value = [charset] "'" [language] "'" extended-other-values    RFC 2231 §7
    private static func takeCharset(from value: inout ArraySlice<UInt8>) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        guard let first = value.firstIndex(of: quote), let second = value[(first + 1)...].firstIndex(of: quote) else {
            return []
        }
        let charset = Array(value[..<first])
        value = value[(second + 1)...]
        return charset
    }

    private static func percentDecoded(_ value: ArraySlice<UInt8>) -> [UInt8] {
        var octets: [UInt8] = []
        var index = value.startIndex
        while index < value.endIndex {
            if value[index] == UInt8(ascii: "%"), value.endIndex - index > 2,
                let high = Hex.value(of: value[index + 1]), let low = Hex.value(of: value[index + 2])
            {
                octets.append(high << 4 | low)
                index += 3
            } else {
                octets.append(value[index])
                index += 1
            }
        }
        return octets
    }
}
