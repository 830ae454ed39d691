// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MessageFormat

/// All that SEARCH looks into of one message, as it is kept.
///
/// Texts follow each other, each ended by an octet that is in no UTF-8, so that no match goes beyond its text.
package struct MessageText: Sendable, Hashable {
    /// Ends a field of the message's header, whose value begins two octets behind the name.
    static let field: UInt8 = 0xFF
    /// The same, with a value that begins one octet behind the name, with its space.
    static let spacedField: UInt8 = 0xFE
    /// Ends a field of a part's header.
    static let partField: UInt8 = 0xFD
    /// Ends a text of the body.
    ///
    /// All marks are this or greater.
    static let body: UInt8 = 0xFC
    static let firstMark: UInt8 = 0xFC

    /// Octets of both together that are kept; messages with more are read themselves when they are searched.
    package static let maximumOctets = 16 << 20

    package private(set) var head: [UInt8] = []
    package private(set) var body: [UInt8] = []
    /// More than is kept: what is here is not whole.
    package private(set) var isTooLarge = false

    package init() {}

    /// Of a message that is at hand as a whole.
    package init(of message: [UInt8], _ structure: MessageStructure) {
        var reader = SearchTextReader(structure)
        add(reader.take(message, at: 0))
        add(reader.finish())
    }

    init(head: [UInt8], body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// Of a message with more text than is kept.
    package static var tooLarge: MessageText {
        var text = MessageText()
        text.isTooLarge = true
        return text
    }

    package var count: Int { head.count + body.count }

    package mutating func add(_ texts: [SearchTextReader.Text]) {
        for text in texts where !isTooLarge {
            switch text {
            case .field(let line, let value):
                let isSpaced = value > 0 && value <= line.count && line[value - 1] == UInt8(ascii: ":")
                head += line
                head.append(isSpaced ? Self.spacedField : Self.field)
            case .partField(let line):
                head += line
                head.append(Self.partField)
            case .embeddedField(let line):
                body += line
                body.append(Self.body)
            case .body(let piece): body += piece
            case .bodyEnd: body.append(Self.body)
            }
            guard count > Self.maximumOctets else { continue }
            (isTooLarge, head, body) = (true, [], [])
        }
    }
}
