// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
internal import SMTPWire

/// The states that administrators of the classic systems know, with what they mean here.
package enum ClassicState: String, Sendable, Hashable, CaseIterable {
    /// Is being sent.
    case active
    /// May be sent, and waits for its turn.
    case ready
    /// Could not be delivered and is tried again.
    case retry
    /// Waits for the hours of its connector.
    case scheduled
    /// Waits to be fetched (ETRN).
    case remote
    case frozen
    /// Was set aside.
    case quarantined
}

/// Which messages are meant.
package struct QueueFilter: Sendable, Hashable {
    package var destination: String?
    package var state: ClassicState?
    /// Part of the sender's address, in any case of letters.
    package var sender: String?
    /// Part of a recipient's address.
    package var recipient: String?
    /// The Message-ID field, with or without angle brackets.
    package var messageID: String?
    package var trace: TraceID?

    package init() {}

    /// Whether messages have to be read to know.
    var readsMessages: Bool { sender != nil || recipient != nil || messageID != nil || trace != nil }

    func matches(_ message: QueuedMessage) -> Bool {
        Self.contains("\(message.mail.reversePath)", sender)
            && (recipient == nil
                || message.recipients.contains { Self.contains("\($0.command.forwardPath)", recipient) })
            && (messageID == nil || Self.bare(message.messageID) == Self.bare(messageID ?? ""))
            && (trace == nil || message.trace == trace)
    }

    private static func contains(_ text: String, _ part: String?) -> Bool {
        guard let part else { return true }
        return ASCII.lowercased(text).contains(ASCII.lowercased(part))
    }

    private static func bare(_ text: String) -> String {
        String(text.drop { " <".contains($0) }.reversed().drop { " >".contains($0) }.reversed())
    }
}
