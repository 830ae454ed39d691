// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MessageFormat
internal import Runtime
package import SearchIndex

/// A thread for making texts, which nobody waits for: it has what deliveries, reading and searching leave of the
/// processor.
///
/// Messages whose texts are not made yet are searched by reading them.
let textThread = BackgroundThread(name: "texts", niceness: 15)

extension MessageEntry {
    /// What names its text: the number of its content, checked by what copies have in common.
    package var textKey: TextKey {
        let mixed =
            (size ^ UInt64(bitPattern: internalSeconds) &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        return TextKey(email.rawValue, check: UInt32(truncatingIfNeeded: mixed >> 32))
    }
}

extension MessageSource {
    /// The searchable text of a message; `nil` when octets of it are lost, so that it is read anew at each search.
    func text(of message: MessageEntry) async throws(MailStoreError) -> MessageText? {
        message.size <= Self.pieceOctets ? try await smallText(of: message) : try await largeText(of: message)
    }

    private func smallText(of message: MessageEntry) async throws(MailStoreError) -> MessageText? {
        let cached = try await cachedStructure(of: message)
        let octets = try await whole(of: message, message.size)
        guard octets.damaged.isEmpty else { return nil }
        return await textThread.run { MessageText(of: octets.bytes, MessageStructure(cached, of: octets.bytes)) }
    }

    private func largeText(of message: MessageEntry) async throws(MailStoreError) -> MessageText? {
        var reader = SearchTextReader(try await structure(of: message))
        var text = MessageText()
        while let wanted = reader.wanted?.clamped(to: 0..<message.size), !wanted.isEmpty, !text.isTooLarge {
            let range = Self.stretch(from: wanted, of: message)
            var octets = try await self.octets(of: message, range)
            octets.fit(range)
            guard octets.damaged.isEmpty else { return nil }
            let made = await textThread.run { [reader, octets] in
                var reader = reader
                let texts = reader.take(octets.bytes, at: range.lowerBound)
                return (reader, texts)
            }
            reader = made.0
            text.add(made.1)
        }
        text.add(reader.finish())
        return text
    }
}
