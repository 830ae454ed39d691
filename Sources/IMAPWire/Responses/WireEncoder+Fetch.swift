// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

extension WireEncoder {
    /// An item as a whole.
    ///
    /// Servers write large ones piece by piece instead.
    package mutating func fetchValue(_ value: FetchValue) {
        switch value {
        case .binary(let part, let origin, let octets):
            binaryName(part, origin: origin)
            space()
            if let octets { octets.contains(0) ? binaryLiteral(octets) : string(octets) } else { raw("NIL") }
        case .binarySize(let part, let octets):
            binarySizeName(part)
            space()
            number(octets)
        case .bodyStructure(let body, let isExtensible):
            raw(isExtensible ? "BODYSTRUCTURE " : "BODY ")
            bodyStructure(body)
        case .emailID(let id):
            raw("EMAILID (")
            raw(id.utf8)
            raw(")")
        case .threadID(let id):
            guard let id else { return raw("THREADID NIL") }
            raw("THREADID (")
            raw(id.utf8)
            raw(")")
        case .envelope(let envelope):
            raw("ENVELOPE ")
            self.envelope(envelope)
        case .flags(let flags):
            raw("FLAGS ")
            list(flags) { encoder, flag in encoder.raw(flag.utf8) }
        case .internalDate(let date):
            raw("INTERNALDATE ")
            dateTime(date)
        case .preview(let text):
            raw("PREVIEW ")
            if let text { preview(text) } else { raw("NIL") }
        case .modSeq(let modSeq):
            raw("MODSEQ (")
            number(modSeq.rawValue)
            raw(")")
        case .legacy(let name, let octets):
            raw(name.utf8)
            space()
            nstring(octets)
        case .saveDate(let date):
            raw("SAVEDATE ")
            if let date { dateTime(date) } else { raw("NIL") }
        case .section(let section, let origin, let octets):
            sectionName(section, origin: origin)
            space()
            nstring(octets)
        case .size(let octets):
            raw("RFC822.SIZE ")
            number(octets)
        case .uid(let uid):
            raw("UID ")
            number(uid.rawValue)
        }
    }

    /// `BODY[...]` with the origin octet of a partial answer.
    package mutating func sectionName(_ section: SectionSpecifier, origin: UInt64?) {
        raw("BODY")
        self.section(section)
        self.origin(origin)
    }

    /// `BINARY[...]`, as above.
    package mutating func binaryName(_ part: [UInt32], origin: UInt64?) {
        raw("BINARY")
        section(SectionSpecifier(part: part))
        self.origin(origin)
    }

    package mutating func binarySizeName(_ part: [UInt32]) {
        raw("BINARY.SIZE")
        section(SectionSpecifier(part: part))
    }

    private mutating func origin(_ origin: UInt64?) {
        guard let origin else { return }
        raw("<")
        number(origin)
        raw(">")
    }

    private mutating func envelope(_ envelope: EnvelopeValue) {
        raw("(")
        nstring(envelope.date)
        space()
        nstring(envelope.subject)
        let lists = [envelope.from, envelope.sender, envelope.replyTo, envelope.to, envelope.cc, envelope.bcc]
        for addresses in lists {
            space()
            self.addresses(addresses)
        }
        space()
        nstring(envelope.inReplyTo)
        space()
        nstring(envelope.messageID)
        raw(")")
    }

    private mutating func addresses(_ addresses: [EnvelopeValue.Address]?) {
        guard let addresses, !addresses.isEmpty else { return raw("NIL") }
        raw("(")
        for address in addresses {
            list([address.name, address.route, address.mailbox, address.host]) { encoder, part in encoder.nstring(part)
            }
        }
        raw(")")
    }

    private mutating func bodyStructure(_ body: BodyStructureValue) {
        raw("(")
        switch body {
        case .basic(let fields, let more):
            self.fields(fields)
            if let more { partExtension(more) }
        case .text(let fields, let lines, let more):
            self.fields(fields)
            spaced(lines)
            if let more { partExtension(more) }
        case .message(let fields, let envelope, let inner, let lines, let more):
            self.fields(fields)
            space()
            self.envelope(envelope)
            space()
            bodyStructure(inner)
            spaced(lines)
            if let more { partExtension(more) }
        case .multipart(let parts, let subtype, let parameters, let more):
            for part in parts { bodyStructure(part) }
            space()
            string(subtype)
            if let more { multipartExtension(parameters, more) }
        }
        raw(")")
    }

    private mutating func spaced(_ number: UInt64) {
        space()
        self.number(number)
    }

    private mutating func fields(_ fields: BodyStructureValue.Fields) {
        string(fields.type)
        space()
        string(fields.subtype)
        space()
        parameters(fields.parameters)
        space()
        nstring(fields.id)
        space()
        nstring(fields.description)
        space()
        string(fields.encoding)
        spaced(fields.octets)
    }

    private mutating func parameters(_ parameters: [BodyStructureValue.Parameter]) {
        guard !parameters.isEmpty else { return raw("NIL") }
        list(parameters) { encoder, parameter in
            encoder.string(parameter.name)
            encoder.space()
            encoder.string(parameter.value)
        }
    }

    private mutating func partExtension(_ more: BodyStructureValue.Extension) {
        space()
        nstring(more.md5)
        commonExtension(more)
    }

    private mutating func multipartExtension(
        _ parameters: [BodyStructureValue.Parameter],
        _ more: BodyStructureValue.Extension
    ) {
        space()
        self.parameters(parameters)
        commonExtension(more)
    }

    private mutating func commonExtension(_ more: BodyStructureValue.Extension) {
        space()
        if let disposition = more.disposition {
            raw("(")
            string(disposition)
            space()
            parameters(more.dispositionParameters)
            raw(")")
        } else {
            raw("NIL")
        }
        space()
        switch more.languages.count {
        case 0: raw("NIL")
        default: list(more.languages) { encoder, language in encoder.string(language) }
        }
        space()
        nstring(more.location)
    }
}
