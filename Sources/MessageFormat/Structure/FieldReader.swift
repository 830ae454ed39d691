// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The values of one part's header that a structure holds.
struct PartFields {
    var envelope = Envelope()
    var references: [UInt8]?
    var mediaType: MediaType?
    var encoding: [UInt8]?
    var contentID: [UInt8]?
    var description: [UInt8]?
    var md5: [UInt8]?
    var disposition: ContentDisposition?
    var languages: [[UInt8]] = []
    var location: [UInt8]?
}

/// Picks the known fields out of headers, within the limits of one message.
///
/// Of a field that is there more than once the first that is not empty counts; address lists are joined, so that no
/// recipient or author is hidden.
struct FieldReader {
    let limits: MessageLimits
    private(set) var faults: StructureFaults = []
    private var fields = PartFields()
    private var retained = 0
    private var addresses = 0

    init(limits: MessageLimits) { self.limits = limits }

    /// The fields read since the last call.
    mutating func takeFields() -> PartFields {
        defer { fields = PartFields() }
        return fields
    }

    mutating func note(_ fault: StructureFaults) { faults.insert(fault) }

    /// Takes one field.
    ///
    /// `isMessage`: the header is a message's, so the fields of ENVELOPE count too.
    mutating func read(_ field: HeaderField, in view: ByteView, isMessage: Bool) {
        if field.name.isEmpty { return note(.malformedHeader) }
        guard let name = FieldName.known(field.name, in: view) else { return }
        switch name {
        case .date, .subject, .from, .sender, .replyTo, .to, .cc, .bcc, .inReplyTo, .messageID, .references:
            if isMessage { readEnvelope(name, field, in: view) }
        default:
            readContent(name, field, in: view)
        }
    }

    private mutating func readEnvelope(_ name: FieldName, _ field: HeaderField, in view: ByteView) {
        switch name {
        case .date: keepText(\.envelope.date, field, in: view)
        case .subject: keepText(\.envelope.subject, field, in: view)
        case .inReplyTo: keepText(\.envelope.inReplyTo, field, in: view)
        case .messageID: keepText(\.envelope.messageID, field, in: view)
        case .references: keepText(\.references, field, in: view)
        case .from: keepAddresses(\.envelope.from, field, in: view)
        case .sender: keepAddresses(\.envelope.sender, field, in: view)
        case .replyTo: keepAddresses(\.envelope.replyTo, field, in: view)
        case .to: keepAddresses(\.envelope.to, field, in: view)
        case .cc: keepAddresses(\.envelope.cc, field, in: view)
        default: keepAddresses(\.envelope.bcc, field, in: view)
        }
    }

    private mutating func readContent(_ name: FieldName, _ field: HeaderField, in view: ByteView) {
        switch name {
        case .contentID: keepText(\.contentID, field, in: view)
        case .contentDescription: keepText(\.description, field, in: view)
        case .contentMD5: keepText(\.md5, field, in: view)
        case .contentLocation: keepText(\.location, field, in: view)
        case .contentTransferEncoding where fields.encoding == nil: readEncoding(field, in: view)
        case .contentLanguage where fields.languages.isEmpty: readLanguages(field, in: view)
        case .contentType where fields.mediaType == nil:
            var overflow = false
            let text = value(of: field, in: view, maximum: limits.fieldOctets)
            fields.mediaType = MediaType(parsing: text, limits: limits, overflow: &overflow)
            if overflow { note(.tooManyParameters) }
        case .contentDisposition where fields.disposition == nil:
            var overflow = false
            let text = value(of: field, in: view, maximum: limits.fieldOctets)
            fields.disposition = ContentDisposition(parsing: text, limits: limits, overflow: &overflow)
            if overflow { note(.tooManyParameters) }
        default: break
        }
    }

    private mutating func keepText(
        _ path: WritableKeyPath<PartFields, [UInt8]?>,
        _ field: HeaderField,
        in view: ByteView
    ) {
        guard fields[keyPath: path]?.isEmpty ?? true else { return }
        fields[keyPath: path] = value(of: field, in: view, maximum: limits.fieldOctets)
    }

    private mutating func keepAddresses(
        _ path: WritableKeyPath<PartFields, [EnvelopeAddress]>,
        _ field: HeaderField,
        in view: ByteView
    ) {
        let text = value(of: field, in: view, maximum: limits.headerOctets)
        var parser = AddressParser(text, maximum: limits.addresses - addresses)
        let list = parser.parse()
        if parser.overflowed { note(.tooManyAddresses) }
        addresses += list.count
        fields[keyPath: path] += list
    }

    // encoding := "Content-Transfer-Encoding" ":" mechanism    RFC 2045 §6.1
    private mutating func readEncoding(_ field: HeaderField, in view: ByteView) {
        var scanner = FieldScanner(value(of: field, in: view, maximum: limits.fieldOctets))
        scanner.skipCommentsAndSpace()
        let mechanism = scanner.takeToken()
        if !mechanism.isEmpty { fields.encoding = mechanism }
    }

    // Language-List = Language-Tag [CFWS] *("," [CFWS] Language-Tag [CFWS])    RFC 3282 §2
    private mutating func readLanguages(_ field: HeaderField, in view: ByteView) {
        var scanner = FieldScanner(value(of: field, in: view, maximum: limits.fieldOctets))
        while !scanner.isAtEnd, fields.languages.count < limits.parameters {
            scanner.skipCommentsAndSpace()
            let tag = scanner.takeToken()
            if !tag.isEmpty { fields.languages.append(tag) } else { scanner.advance() }
        }
    }

    private mutating func value(of field: HeaderField, in view: ByteView, maximum: Int) -> [UInt8] {
        let bound = max(0, min(maximum, limits.retainedOctets - retained))
        let value = view.unfolded(field.value, maximum: bound)
        retained += value.count
        if value.count == bound, field.value.count > bound { note(.headerCut) }
        return value
    }
}

/// The fields a structure is made of.
enum FieldName {
    case date, subject, from, sender, replyTo, to, cc, bcc, inReplyTo, messageID, references
    case contentType, contentTransferEncoding, contentID, contentDescription, contentMD5, contentDisposition
    case contentLanguage, contentLocation

    static func known(_ range: Range<Int>, in view: ByteView) -> FieldName? {
        guard range.count < byLength.count else { return nil }
        for candidate in byLength[range.count] where isNamed(candidate.name, range, in: view) { return candidate.field }
        return nil
    }

    private static func isNamed(_ name: [UInt8], _ range: Range<Int>, in view: ByteView) -> Bool {
        var index = range.lowerBound
        for octet in name {
            guard let other = view[index], ASCII.lower(other) == octet else { return false }
            index += 1
        }
        return true
    }

    private static let byLength: [[(name: [UInt8], field: FieldName)]] = {
        let names: [(String, FieldName)] = [
            ("date", .date), ("subject", .subject), ("from", .from), ("sender", .sender), ("reply-to", .replyTo),
            ("to", .to), ("cc", .cc), ("bcc", .bcc), ("in-reply-to", .inReplyTo), ("message-id", .messageID),
            ("references", .references),
            ("content-type", .contentType), ("content-transfer-encoding", .contentTransferEncoding),
            ("content-id", .contentID), ("content-description", .contentDescription), ("content-md5", .contentMD5),
            ("content-disposition", .contentDisposition), ("content-language", .contentLanguage),
            ("content-location", .contentLocation),
        ]
        var table = [[(name: [UInt8], field: FieldName)]](repeating: [], count: 26)
        for (name, field) in names { table[name.utf8.count].append((Array(name.utf8), field)) }
        return table
    }()
}
