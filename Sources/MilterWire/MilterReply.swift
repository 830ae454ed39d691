// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The text of an SMTP reply that a filter wants given to the client.
package struct MilterReplyText: Sendable, Hashable {
    /// 400 to 599.
    package var code: UInt16
    /// Subject and detail of the enhanced status code, whose class is the code's (RFC 3463 §2).
    package var subject: UInt16?
    package var detail: UInt16?
    package var lines: [String]

    package init(code: UInt16, subject: UInt16? = nil, detail: UInt16? = nil, lines: [String]) {
        self.code = code
        self.subject = subject
        self.detail = detail
        self.lines = lines
    }
}

/// What a filter wants different in a message.
package enum MilterChange: Sendable, Hashable {
    /// At the end of the header section.
    case addHeader(name: [UInt8], value: [UInt8])
    /// Before the field of that number, from 0.
    case insertHeader(at: UInt32, name: [UInt8], value: [UInt8])
    /// The field of that name and number, from 1; with an empty value it is deleted.
    case changeHeader(number: UInt32, name: [UInt8], value: [UInt8])
    case addRecipient(String, parameters: String)
    case deleteRecipient(String)
    /// More of the new body; the first makes the old one count no more.
    case replaceBody([UInt8])
    case changeSender(String, parameters: String)
    case quarantine(reason: String)

    /// What the filter must have been allowed for it.
    package var needed: MilterActions {
        switch self {
        case .addHeader: .addHeaders
        case .insertHeader: [.addHeaders]
        case .changeHeader: .changeHeaders
        case .addRecipient(_, let parameters): parameters.isEmpty ? .addRecipients : .addRecipientsWithParameters
        case .deleteRecipient: .deleteRecipients
        case .replaceBody: .changeBody
        case .changeSender: .changeSender
        case .quarantine: .quarantine
        }
    }
}

/// What a filter says.
package enum MilterReply: Sendable, Hashable {
    case terms(MilterTerms)
    /// Go on.
    case proceed
    /// The message is good; ask no more about it.
    case accept
    case reject
    case temporaryFailure
    /// Say yes to the client, and drop the message.
    case discard
    /// Enough of this, on with the next.
    case skip
    /// Still at work.
    case progress
    /// The filter wants the connection ended.
    case connectionFailure
    case reply(MilterReplyText)
    case change(MilterChange)
}
