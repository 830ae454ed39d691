// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The value of a Content-Type field (RFC 2045 §5.1), in the case in which it was written.
package struct MediaType: Sendable, Hashable {
    package var type: [UInt8]
    package var subtype: [UInt8]
    package var parameters: ParameterList

    package init(type: [UInt8], subtype: [UInt8], parameters: ParameterList = ParameterList()) {
        self.type = type
        self.subtype = subtype
        self.parameters = parameters
    }

    /// What a part without a usable Content-Type is (RFC 2045 §5.2).
    package static let plainText = MediaType(
        type: Array("text".utf8),
        subtype: Array("plain".utf8),
        parameters: ParameterList([MediaParameter(attribute: Array("charset".utf8), value: Array("us-ascii".utf8))])
    )

    /// What a part of multipart/digest without a Content-Type is (RFC 2046 §5.1.5).
    package static let embeddedMessage = MediaType(type: Array("message".utf8), subtype: Array("rfc822".utf8))

    /// What a part is answered as when a bound kept it from being taken apart.
    package static let opaque = MediaType(type: Array("application".utf8), subtype: Array("octet-stream".utf8))

    /// True when the type, and the subtype if one is given, are these; ASCII case ignored.
    package func matches(_ type: String, _ subtype: String? = nil) -> Bool {
        guard self.type.equalsIgnoringCase(type) else { return false }
        guard let subtype else { return true }
        return self.subtype.equalsIgnoringCase(subtype)
    }

    package var isMultipart: Bool { matches("multipart") }
    /// message/rfc822 or message/global (RFC 6532 §3.7): what BODYSTRUCTURE answers with an envelope.
    package var isEmbeddedMessage: Bool { matches("message", "rfc822") || matches("message", "global") }

    /// The boundary of a multipart; empty when there is none.
    ///
    /// Blanks at its end cannot be part of one.
    var boundary: [UInt8] {
        var boundary = parameters.octets(of: "boundary") ?? []
        while let last = boundary.last, FieldScanner.isWhitespace(last) { boundary.removeLast() }
        return boundary
    }

    // content := "Content-Type" ":" type "/" subtype *(";" parameter)    RFC 2045 §5.1
    /// Reads an unfolded value.
    ///
    /// A missing or broken type is `plainText`; `text` alone is read as text/plain with its parameters.
    package init(parsing value: [UInt8]) {
        var overflow = false
        self.init(parsing: value, limits: .standard, overflow: &overflow)
    }

    init(parsing value: [UInt8], limits: MessageLimits, overflow: inout Bool) {
        var scanner = FieldScanner(value)
        scanner.skipCommentsAndSpace()
        let type = scanner.takeToken()
        scanner.skipCommentsAndSpace()
        var subtype: [UInt8] = []
        if scanner.take(UInt8(ascii: "/")) {
            scanner.skipCommentsAndSpace()
            subtype = scanner.takeToken()
        }
        let parameters = ParameterList(parsing: &scanner, maximum: limits.parameters, overflow: &overflow)
        if !type.isEmpty, !subtype.isEmpty {
            self.init(type: type, subtype: subtype, parameters: parameters)
        } else if type.equalsIgnoringCase("text"), !parameters.isEmpty {
            self.init(type: type, subtype: Self.plainText.subtype, parameters: parameters)
        } else {
            self = .plainText
        }
    }
}

/// The value of a Content-Disposition field (RFC 2183 §2).
package struct ContentDisposition: Sendable, Hashable {
    package var kind: [UInt8]
    package var parameters: ParameterList

    package init(kind: [UInt8], parameters: ParameterList = ParameterList()) {
        self.kind = kind
        self.parameters = parameters
    }

    package var isAttachment: Bool { kind.equalsIgnoringCase("attachment") }

    /// `nil` when the value has no disposition type.
    package init?(parsing value: [UInt8]) {
        var overflow = false
        self.init(parsing: value, limits: .standard, overflow: &overflow)
    }

    init?(parsing value: [UInt8], limits: MessageLimits, overflow: inout Bool) {
        var scanner = FieldScanner(value)
        scanner.skipCommentsAndSpace()
        kind = scanner.takeToken()
        guard !kind.isEmpty else { return nil }
        parameters = ParameterList(parsing: &scanner, maximum: limits.parameters, overflow: &overflow)
    }
}
