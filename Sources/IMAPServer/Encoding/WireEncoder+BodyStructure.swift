// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MessageFormat

extension WireEncoder {
    /// `BODYSTRUCTURE`, or without the extension data `BODY` (RFC 9051 §7.5.2).
    ///
    /// The depth is bounded by the parser that made the tree.
    mutating func bodyStructure(_ part: MessagePart, isExtensible: Bool) {
        raw("(")
        switch part.content {
        case .multipart(let parts): multipart(part, parts, isExtensible)
        case .leaf:
            fields(part)
            if part.mediaType.matches("text") { spaced(part.lines) }
            if isExtensible { partExtension(part) }
        case .message(let envelope, let root):
            fields(part)
            space()
            self.envelope(envelope)
            space()
            bodyStructure(root, isExtensible: isExtensible)
            spaced(part.lines)
            if isExtensible { partExtension(part) }
        }
        raw(")")
    }

    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]    RFC 9051 §9
    private mutating func multipart(_ part: MessagePart, _ parts: [MessagePart], _ isExtensible: Bool) {
        for part in parts { bodyStructure(part, isExtensible: isExtensible) }
        space()
        string(part.mediaType.subtype)
        guard isExtensible else { return }
        space()
        parameters(part.mediaType.parameters)
        commonExtension(part)
    }

    // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets    RFC 9051 §9
    private mutating func fields(_ part: MessagePart) {
        string(part.mediaType.type)
        space()
        string(part.mediaType.subtype)
        space()
        parameters(part.mediaType.parameters)
        space()
        nstring(part.contentID)
        space()
        nstring(part.description)
        space()
        string(part.encodingText)
        spaced(part.octets)
    }

    private mutating func spaced(_ number: UInt64) {
        space()
        self.number(number)
    }

    private mutating func parameters(_ parameters: ParameterList) {
        guard !parameters.isEmpty else { return raw("NIL") }
        list(parameters.entries) { encoder, parameter in
            encoder.string(parameter.attribute)
            encoder.space()
            encoder.string(parameter.value)
        }
    }

    // body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]    RFC 9051 §9
    private mutating func partExtension(_ part: MessagePart) {
        space()
        nstring(part.md5)
        commonExtension(part)
    }

    private mutating func commonExtension(_ part: MessagePart) {
        space()
        if let disposition = part.disposition {
            raw("(")
            string(disposition.kind)
            space()
            parameters(disposition.parameters)
            raw(")")
        } else {
            raw("NIL")
        }
        space()
        if part.languages.isEmpty {
            raw("NIL")
        } else {
            list(part.languages) { encoder, language in encoder.string(language) }
        }
        space()
        nstring(part.location)
    }
}
