// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// `attribute "=" value` of a Content-Type or Content-Disposition field, as written: the attribute with its RFC 2231
/// asterisks, the value without quotes and escapes but not decoded.
///
/// This is what BODYSTRUCTURE tells.
package struct MediaParameter: Sendable, Hashable {
    package var attribute: [UInt8]
    package var value: [UInt8]

    package init(attribute: [UInt8], value: [UInt8]) {
        self.attribute = attribute
        self.value = value
    }
}

/// The parameters of one field in the order of the header.
package struct ParameterList: Sendable, Hashable {
    package var entries: [MediaParameter]

    package init(_ entries: [MediaParameter] = []) { self.entries = entries }

    package var isEmpty: Bool { entries.isEmpty }

    /// The value of the first parameter that has exactly this name, ASCII case ignored.
    package func value(of name: String) -> [UInt8]? {
        entries.first { $0.attribute.equalsIgnoringCase(name) }?.value
    }

    // parameter = attribute "=" value    RFC 2045 §5.1
    /// Reads what follows the type: any number of `; attribute=value`, passing over what is neither.
    ///
    /// An unquoted value reaches to the next semicolon or comment, so that a boundary or file name with specials in it
    /// stays whole.
    init(parsing scanner: inout FieldScanner, maximum: Int, overflow: inout Bool) {
        entries = []
        while true {
            _ = scanner.take { $0 != UInt8(ascii: ";") }
            guard scanner.take(UInt8(ascii: ";")) else { return }
            scanner.skipCommentsAndSpace()
            let attribute = scanner.take { FieldScanner.isTokenOctet($0) }
            scanner.skipCommentsAndSpace()
            guard !attribute.isEmpty, scanner.take(UInt8(ascii: "=")) else { continue }
            guard entries.count < maximum else {
                overflow = true
                return
            }
            scanner.skipCommentsAndSpace()
            entries.append(MediaParameter(attribute: attribute, value: Self.takeValue(from: &scanner)))
        }
    }

    private static func takeValue(from scanner: inout FieldScanner) -> [UInt8] {
        if scanner.current == ASCII.quote { return scanner.takeQuotedString() }
        var afterBlank = false
        var value = scanner.take { octet in
            if octet == UInt8(ascii: ";") || (octet == UInt8(ascii: "(") && afterBlank) { return false }
            afterBlank = ASCII.isBlank(octet)
            return true
        }
        while let last = value.last, FieldScanner.isWhitespace(last) { value.removeLast() }
        return value
    }
}
