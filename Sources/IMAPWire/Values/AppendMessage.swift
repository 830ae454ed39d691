// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// A message that APPEND or REPLACE brings, up to the first octets of it that are not in the frame.
package struct AppendMessage: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// All of it.
        case literal(AppendLiteral)
        /// CATENATE: what it is put together of; the message is whole when no text stands at the end.
        case parts([CatenatePart])
    }

    package var flags: FlagSet
    package var internalDate: MailDate?
    package var content: Content

    package init(
        flags: FlagSet = .none,
        internalDate: MailDate? = nil,
        literal: LiteralMarker,
        isUTF8: Bool = false
    ) {
        self.flags = flags
        self.internalDate = internalDate
        content = .literal(AppendLiteral(literal, isUTF8: isUTF8))
    }

    package init(flags: FlagSet = .none, internalDate: MailDate? = nil, parts: [CatenatePart]) {
        self.flags = flags
        self.internalDate = internalDate
        content = .parts(parts)
    }

    /// The literal that follows; `nil` when the message is whole.
    package var literal: AppendLiteral? {
        switch content {
        case .literal(let literal): literal
        case .parts(let parts): parts.last?.literal
        }
    }

    // append-message = [SP flag-list] [SP date-time] SP append-data; append-data = literal / literal8    RFC 9051 §9
    // append-data =/ "UTF8" SP "(" literal8 ")"    RFC 6855 §4
    // append-data =/ "CATENATE" SP "(" cat-part *(SP cat-part) ")"    RFC 4469 §5
    /// Behind the space.
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        flags = .none
        if scanner.peek() == 0x28 {
            flags = try scanner.flagList()
            try scanner.space()
        }
        if scanner.peek() == 0x22 {
            internalDate = try scanner.dateTime()
            try scanner.space()
        }
        if scanner.acceptPrefix("CATENATE (") {
            content = .parts(try scanner.catenateParts())
        } else {
            content = .literal(try scanner.appendLiteral(isPart: false))
        }
    }

    package func encode(to encoder: inout WireEncoder) {
        if !flags.isEmpty {
            encoder.flagList(flags)
            encoder.space()
        }
        if let internalDate {
            encoder.dateTime(internalDate)
            encoder.space()
        }
        switch content {
        case .literal(let literal): encoder.appendLiteral(literal)
        case .parts(let parts):
            encoder.raw("CATENATE (")
            encoder.catenateParts(parts)
        }
    }
}

extension WireScanner {
    /// Messages with single spaces between, up to one that is not whole.
    mutating func appendMessages() throws(IMAPSyntaxError) -> [AppendMessage] {
        let start = offset
        var messages = [try AppendMessage(parsing: &self)]
        while messages.last?.literal == nil, accept(ASCII.space) {
            guard messages.count < CatenatePart.maximumCount else {
                throw failure("at most \(CatenatePart.maximumCount) messages", at: start)
            }
            messages.append(try AppendMessage(parsing: &self))
        }
        return messages
    }
}
