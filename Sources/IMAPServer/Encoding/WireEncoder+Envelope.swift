// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MessageFormat

extension WireEncoder {
    // envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP env-cc SP env-bcc SP
    //            env-in-reply-to SP env-message-id ")"    RFC 9051 §9
    mutating func envelope(_ envelope: Envelope) {
        raw("(")
        nstring(envelope.date)
        space()
        nstring(envelope.subject)
        space()
        addresses(envelope.from)
        space()
        addresses(envelope.effectiveSender)
        space()
        addresses(envelope.effectiveReplyTo)
        space()
        addresses(envelope.to)
        space()
        addresses(envelope.cc)
        space()
        addresses(envelope.bcc)
        space()
        nstring(envelope.inReplyTo)
        space()
        nstring(envelope.messageID)
        raw(")")
    }

    /// The same of an envelope as it lies in the store.
    mutating func envelope(_ envelope: SummaryEnvelope) {
        raw("(")
        nstring(envelope.octets, envelope.date)
        space()
        nstring(envelope.octets, envelope.subject)
        addresses(.from, of: envelope)
        addresses(.sender, of: envelope)
        addresses(.replyTo, of: envelope)
        addresses(.to, of: envelope)
        addresses(.cc, of: envelope)
        addresses(.bcc, of: envelope)
        space()
        nstring(envelope.octets, envelope.inReplyTo)
        space()
        nstring(envelope.octets, envelope.messageID)
        raw(")")
    }

    private mutating func addresses(_ list: SummaryEnvelope.List, of envelope: SummaryEnvelope) {
        let (addresses, octets) = (envelope.effectiveAddresses(list), envelope.octets)
        guard !addresses.isEmpty else { return raw(" NIL") }
        raw(" (")
        for address in addresses {
            raw("(")
            nstring(octets, address.name)
            space()
            nstring(octets, address.route)
            space()
            nstring(octets, address.mailbox)
            space()
            nstring(octets, address.host)
            raw(")")
        }
        raw(")")
    }

    private mutating func addresses(_ addresses: [EnvelopeAddress]) {
        guard !addresses.isEmpty else { return raw("NIL") }
        raw("(")
        for address in addresses {
            raw("(")
            nstring(address.name)
            space()
            nstring(address.route)
            space()
            nstring(address.mailbox)
            space()
            nstring(address.host)
            raw(")")
        }
        raw(")")
    }
}
