// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireScanner {
    // msg-att-static / msg-att-dynamic    RFC 9051 §9
    mutating func fetchValue() throws(IMAPSyntaxError) -> FetchValue {
        if acceptPrefix("BODY[") {
            rewind(to: offset - 1)
            return try sectionValue()
        }
        if acceptPrefix("BINARY.SIZE[") {
            let part = try sectionBinary()
            try space()
            return .binarySize(part, try number64())
        }
        if acceptPrefix("BINARY[") { return try binaryValue() }
        let start = offset
        let name = try word("a FETCH data item")
        try space()
        switch name {
        case "BODY": return .bodyStructure(try bodyStructure(isExtensible: false, depth: 0), isExtensible: false)
        case "BODYSTRUCTURE": return .bodyStructure(try bodyStructure(isExtensible: true, depth: 0), isExtensible: true)
        case "EMAILID": return .emailID(try objectIDInParentheses())
        case "THREADID": return .threadID(acceptWord("NIL") ? nil : try objectIDInParentheses())
        case "ENVELOPE": return .envelope(try envelope())
        case "FLAGS": return .flags(try flagNames(permanent: false))
        case "INTERNALDATE": return .internalDate(try dateTime())
        case "MODSEQ":
            try open()
            let modSeq = try modSeq()
            try close()
            return .modSeq(modSeq)
        case "PREVIEW": return .preview(try nstring())
        case "RFC822", "RFC822.HEADER", "RFC822.TEXT": return .legacy(name, try nstring())
        case "RFC822.SIZE": return .size(try number64())
        case "SAVEDATE": return .saveDate(acceptWord("NIL") ? nil : try dateTime())
        case "UID": return .uid(UID(try positiveNumber()))
        default: throw failure("a FETCH data item", at: start)
        }
    }

    // "BODY" section ["<" number ">"] SP nstring    RFC 9051 §9
    private mutating func sectionValue() throws(IMAPSyntaxError) -> FetchValue {
        let section = try section()
        var origin: UInt64?
        if accept(0x3C) {
            origin = try number64()
            try expect(0x3E, "\">\"")
        }
        try space()
        return .section(section, origin: origin, try nstring())
    }

    // "BINARY" section-binary ["<" number ">"] SP (nstring / literal8)    RFC 9051 §9
    private mutating func binaryValue() throws(IMAPSyntaxError) -> FetchValue {
        let part = try sectionBinary()
        var origin: UInt64?
        if accept(0x3C) {
            origin = try number64()
            try expect(0x3E, "\">\"")
        }
        try space()
        return .binary(part, origin: origin, accept(0x7E) ? try literal() : try nstring())
    }

    // envelope = "(" env-date SP env-subject SP env-from ... SP env-message-id ")"    RFC 9051 §9
    private mutating func envelope() throws(IMAPSyntaxError) -> EnvelopeValue {
        var envelope = EnvelopeValue()
        try open()
        envelope.date = try nstring()
        try space()
        envelope.subject = try nstring()
        envelope.from = try spacedAddresses()
        envelope.sender = try spacedAddresses()
        envelope.replyTo = try spacedAddresses()
        envelope.to = try spacedAddresses()
        envelope.cc = try spacedAddresses()
        envelope.bcc = try spacedAddresses()
        try space()
        envelope.inReplyTo = try nstring()
        try space()
        envelope.messageID = try nstring()
        try close()
        return envelope
    }

    // env-from = "(" 1*address ")" / nil    RFC 9051 §9
    private mutating func spacedAddresses() throws(IMAPSyntaxError) -> [EnvelopeValue.Address]? {
        try space()
        if acceptWord("NIL") { return nil }
        try open()
        var addresses: [EnvelopeValue.Address] = []
        repeat {
            try open()
            var address = EnvelopeValue.Address()
            address.name = try nstring()
            try space()
            address.route = try nstring()
            try space()
            address.mailbox = try nstring()
            try space()
            address.host = try nstring()
            try close()
            addresses.append(address)
        } while peek() == 0x28
        try close()
        return addresses
    }

    /// Deepest BODYSTRUCTURE that is read.
    private static var maximumDepth: Int { 200 }

    // body = "(" (body-type-1part / body-type-mpart) ")"    RFC 9051 §9
    private mutating func bodyStructure(isExtensible: Bool, depth: Int) throws(IMAPSyntaxError) -> BodyStructureValue {
        guard depth < Self.maximumDepth else { throw failure("at most \(Self.maximumDepth) levels of parts") }
        try open()
        let body =
            peek() == 0x28
            ? try multipart(isExtensible: isExtensible, depth: depth)
            : try singlePart(isExtensible: isExtensible, depth: depth)
        try close()
        return body
    }

    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    private mutating func multipart(isExtensible: Bool, depth: Int) throws(IMAPSyntaxError) -> BodyStructureValue {
        var parts: [BodyStructureValue] = []
        while peek() == 0x28 { parts.append(try bodyStructure(isExtensible: isExtensible, depth: depth + 1)) }
        try space()
        let subtype = try string("a media subtype")
        guard isExtensible, !endsHere else { return .multipart(parts, subtype: subtype, parameters: [], nil) }
        try space()
        let parameters = try parameters()
        return .multipart(parts, subtype: subtype, parameters: parameters, try commonExtension(md5: nil))
    }

    // body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
    private mutating func singlePart(isExtensible: Bool, depth: Int) throws(IMAPSyntaxError) -> BodyStructureValue {
        let fields = try partFields()
        let isMessage =
            ASCII.equalIgnoringCase(fields.type, "message".utf8)
            && (ASCII.equalIgnoringCase(fields.subtype, "rfc822".utf8)
                || ASCII.equalIgnoringCase(fields.subtype, "global".utf8))
        if isMessage {
            try space()
            let envelope = try envelope()
            try space()
            let inner = try bodyStructure(isExtensible: isExtensible, depth: depth + 1)
            try space()
            let lines = try number64()
            return .message(fields, envelope, inner, lines: lines, try partExtension(isExtensible))
        }
        guard ASCII.equalIgnoringCase(fields.type, "text".utf8) else {
            return .basic(fields, try partExtension(isExtensible))
        }
        try space()
        let lines = try number64()
        return .text(fields, lines: lines, try partExtension(isExtensible))
    }

    // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
    private mutating func partFields() throws(IMAPSyntaxError) -> BodyStructureValue.Fields {
        let type = try string("a media type")
        try space()
        let subtype = try string("a media subtype")
        try space()
        let parameters = try parameters()
        try space()
        let id = try nstring()
        try space()
        let description = try nstring()
        try space()
        let encoding = try string("a transfer encoding")
        try space()
        return BodyStructureValue.Fields(
            type: type,
            subtype: subtype,
            parameters: parameters,
            id: id,
            description: description,
            encoding: encoding,
            octets: try number64()
        )
    }

    // body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
    private mutating func parameters() throws(IMAPSyntaxError) -> [BodyStructureValue.Parameter] {
        if acceptWord("NIL") { return [] }
        return try list { (scanner) throws(IMAPSyntaxError) in
            let name = try scanner.string("the name of a parameter")
            try scanner.space()
            return BodyStructureValue.Parameter(name: name, value: try scanner.string("the value of a parameter"))
        }
    }

    // body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc]]]: all are asked for
    private mutating func partExtension(_ isExtensible: Bool) throws(IMAPSyntaxError) -> BodyStructureValue.Extension? {
        guard isExtensible, !endsHere else { return nil }
        try space()
        return try commonExtension(md5: try nstring())
    }

    /// Extension data may end behind each of its fields; this server sends all of them.
    private var endsHere: Bool { takesExtensions && peek() == 0x29 }

    private mutating func commonExtension(md5: [UInt8]?) throws(IMAPSyntaxError) -> BodyStructureValue.Extension {
        var more = BodyStructureValue.Extension(md5: md5, dispositionParameters: [], languages: [])
        if endsHere { return more }
        try space()
        if !acceptWord("NIL") {
            try open()
            more.disposition = try string("a disposition")
            try space()
            more.dispositionParameters = try parameters()
            try close()
        }
        if endsHere { return more }
        try space()
        if peek() == 0x28 {
            more.languages = try list { (scanner) throws(IMAPSyntaxError) in try scanner.string("a language") }
        } else if let language = try nstring() {
            more.languages = [language]
        }
        if endsHere { return more }
        try space()
        more.location = try nstring()
        return more
    }
}
