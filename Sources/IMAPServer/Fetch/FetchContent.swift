// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MessageFormat

/// What an item of FETCH needs from the store, got before any of the answer is written, so that a message that cannot
/// be read can be left out as a whole.
enum FetchContent {
    /// The message's entry has it all.
    case none
    case structure(MessageStructure)
    case envelope(SummaryEnvelope)
    /// There is no such part.
    case absent
    case octets([UInt8])
    /// Of a part without its transfer encoding.
    case decodedCount(UInt64)
    /// Too large for memory: decoded while it is sent.
    case decoded(DecodedRange)
    /// Its transfer encoding is not known here.
    case undecodable
    /// Too large for memory: read while it is sent.
    case range(Range<UInt64>)
}

extension FetchItem {
    /// Whether it is answered from the message's structure, or from the envelope in it.
    var needsStructure: Bool {
        switch self {
        case .body, .bodyStructure: true
        case .section(let section, _, _): section != SectionSpecifier()
        case .binary, .binarySize, .preview, .rfc822Header, .rfc822Text: true
        case .emailID, .envelope, .flags, .internalDate, .modSeq, .rfc822, .rfc822Size, .saveDate, .threadID, .uid:
            false
        }
    }

    var needsStore: Bool {
        switch self {
        case .emailID, .flags, .internalDate, .modSeq, .rfc822Size, .saveDate, .threadID, .uid: false
        case .binary, .binarySize, .body, .bodyStructure, .envelope, .preview, .rfc822, .rfc822Header, .rfc822Text,
            .section:
            true
        }
    }
}

extension FetchItem {
    /// Whether its octets may be a literal8.
    var isBinary: Bool { if case .binary = self { true } else { false } }
}

extension SectionSpecifier {
    /// The octets of this section: by range, or chosen fields of a header.
    var messageSection: MessageSection {
        switch text {
        case .all: MessageSection(part, .content)
        case .header, .headerFields, .headerFieldsNot: MessageSection(part, .header)
        case .text: MessageSection(part, .text)
        case .mime: MessageSection(part, .mime)
        }
    }
}

extension Partial {
    /// This much of a range of octets; empty when it begins behind them.
    func cut(_ range: Range<UInt64>) -> Range<UInt64> {
        let length = range.upperBound - range.lowerBound
        let start = min(offset, length)
        return range.lowerBound + start..<range.lowerBound + start + min(count, length - start)
    }
}
