// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// ENVELOPE of a message (RFC 9051 §7.5.2).
///
/// Not the SMTP envelope.
///
/// Text is raw octets of the header, unfolded; `nil` when the field is absent, empty when it is there without a value.
package struct Envelope: Sendable, Hashable {
    package var date: [UInt8]?
    package var subject: [UInt8]?
    package var from: [EnvelopeAddress]
    /// The Sender field as it is in the header.
    ///
    /// ENVELOPE wants `effectiveSender`.
    package var sender: [EnvelopeAddress]
    /// The Reply-To field as it is in the header.
    ///
    /// ENVELOPE wants `effectiveReplyTo`.
    package var replyTo: [EnvelopeAddress]
    package var to: [EnvelopeAddress]
    package var cc: [EnvelopeAddress]
    package var bcc: [EnvelopeAddress]
    package var inReplyTo: [UInt8]?
    package var messageID: [UInt8]?

    package init(
        date: [UInt8]? = nil,
        subject: [UInt8]? = nil,
        from: [EnvelopeAddress] = [],
        sender: [EnvelopeAddress] = [],
        replyTo: [EnvelopeAddress] = [],
        to: [EnvelopeAddress] = [],
        cc: [EnvelopeAddress] = [],
        bcc: [EnvelopeAddress] = [],
        inReplyTo: [UInt8]? = nil,
        messageID: [UInt8]? = nil
    ) {
        self.date = date
        self.subject = subject
        self.from = from
        self.sender = sender
        self.replyTo = replyTo
        self.to = to
        self.cc = cc
        self.bcc = bcc
        self.inReplyTo = inReplyTo
        self.messageID = messageID
    }

    /// Sender, or From where Sender is absent or empty.
    package var effectiveSender: [EnvelopeAddress] { sender.isEmpty ? from : sender }
    /// Reply-To, or From where Reply-To is absent or empty.
    package var effectiveReplyTo: [EnvelopeAddress] { replyTo.isEmpty ? from : replyTo }

    /// The Date field as a moment, for SENTBEFORE and SORT; `nil` when it is absent or not a date.
    package var sentDate: MailDate? { date.flatMap { MailDate(headerField: $0) } }

    /// Reads a header (what follows an empty line is not looked at).
    package init(parsingHeader header: [UInt8]) {
        var reader = FieldReader(limits: .standard)
        header.withView { view in
            var offset = 0
            while let field = HeaderField.read(at: offset, in: view), offset < reader.limits.headerOctets {
                reader.read(field, in: view, isMessage: true)
                offset = field.whole.upperBound
            }
        }
        self = reader.takeFields().envelope
    }
}
