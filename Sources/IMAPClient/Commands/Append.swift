// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
package import MailTypes
internal import Runtime

/// A message to be stored.
package struct MessageUpload: Sendable {
    package var flags: FlagSet
    package var internalDate: MailDate?
    package var size: UInt64
    /// Octets from an offset on: at least one and at most so many, while the offset is within the message.
    package var read: @Sendable (_ offset: UInt64, _ maximum: Int) async throws -> [UInt8]

    package init(
        size: UInt64,
        flags: FlagSet = .none,
        internalDate: MailDate? = nil,
        read: @escaping @Sendable (UInt64, Int) async throws -> [UInt8]
    ) {
        self.size = size
        self.flags = flags
        self.internalDate = internalDate
        self.read = read
    }

    package init(_ octets: [UInt8], flags: FlagSet = .none, internalDate: MailDate? = nil) {
        self.init(size: UInt64(octets.count), flags: flags, internalDate: internalDate) { offset, maximum in
            Array(octets.dropFirst(Int(clamping: offset)).prefix(maximum))
        }
    }
}

/// Where messages were stored (RFC 4315 §3).
package struct AppendedMessages: Sendable, Hashable {
    package var uidValidity: UIDValidity
    package var uids: UIDSet

    package init(uidValidity: UIDValidity, uids: UIDSet) {
        self.uidValidity = uidValidity
        self.uids = uids
    }
}

extension IMAPClientSession {
    /// Stores messages (RFC 9051 §6.3.12), several of them all or none (RFC 3502 §6.3.11); `nil` where the server does not
    /// say under which UIDs.
    ///
    /// The octets are read and sent piece by piece.
    ///
    /// - Throws: `.unreadable` when `read` fails in the middle, which ends the session: what was announced cannot be
    ///   taken back.
    @discardableResult
    package func append(
        _ messages: [MessageUpload],
        to mailbox: String
    ) async throws(IMAPClientError) -> AppendedMessages? {
        guard !messages.isEmpty else { return nil }
        guard messages.count == 1 || offers("MULTIAPPEND") else { throw .missing("MULTIAPPEND") }
        if let failure { throw failure }
        guard pending.isEmpty else { throw .busy }
        let tag = nextTag()
        pending.append(Pending(tag: tag, traits: AppendCommand.traits, isUID: false))
        for (index, message) in messages.enumerated() {
            try await announce(message, index == 0 ? mailbox : nil, tag)
            try await sendOctets(of: message)
        }
        connection.write("\r\n")
        let status = try await answer(to: IMAPCommandTag(octets: tag))
        guard status.condition == .ok else { throw .refused(status) }
        guard case .appendUID(let validity, let uids) = status.code else { return nil }
        return AppendedMessages(uidValidity: validity, uids: uids)
    }

    private func announce(
        _ message: MessageUpload,
        _ mailbox: String?,
        _ tag: [UInt8]
    ) async throws(IMAPClientError) {
        let waits = !mayGoAtOnce(message.size)
        let marker = LiteralMarker(count: message.size, isSynchronizing: waits)
        let head = AppendMessage(flags: message.flags, internalDate: message.internalDate, literal: marker)
        var encoder = WireEncoder(literalForm: .nonSynchronizing, textForm: textForm)
        if let mailbox {
            encoder.raw(tag)
            encoder.raw(" APPEND ")
            encoder.mailbox(mailbox)
        }
        encoder.space()
        head.encode(to: &encoder)
        encoder.lineEnd()
        connection.write(encoder.bytes)
        if waits { try await awaitLeave(refusal: tag) }
    }

    private func sendOctets(of message: MessageUpload) async throws(IMAPClientError) {
        var offset: UInt64 = 0
        while offset < message.size {
            let piece: [UInt8]
            do {
                piece = try await message.read(offset, IMAPClientLimits.pieceOctets)
                guard !piece.isEmpty, UInt64(piece.count) <= message.size - offset else { throw IOError.closed }
            } catch {
                connection.abort()
                throw fail(.unreadable("\(error)"))
            }
            offset += UInt64(piece.count)
            do throws(IOError) { try await connection.send(piece) } catch { throw fail(.io(error)) }
        }
    }
}
