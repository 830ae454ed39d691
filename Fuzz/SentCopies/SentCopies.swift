// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailStore
import MailTypes

/// Any octets as a message that somebody sent: by what its copy is known does not depend on how it comes, nor on line
/// ends at its end.
@main
enum FuzzSentCopies {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let message = Array(input.dropFirst())
        let whole = unsafe SentIdentity.of(message.span.bytes, for: AccountID(1))
        let size = max(1, Int(first))
        for headerEnd in [0, message.count / 2, message.count] {
            let atOnce = identity(message, headerEnd, message.count)
            precondition(identity(message, headerEnd, size) == atOnce)
        }
        guard let end = message.indices.first(where: { message[$0...].starts(with: Array("\r\n\r\n".utf8)) }),
            end + 4 < message.count, !message.contains(0)
        else { return }
        // Behind a body that is there, line ends count for nothing.
        let longer = message + Array("\r\n\r\n".utf8)
        precondition(unsafe SentIdentity.of(longer.span.bytes, for: AccountID(1)) == whole)
    }

    nonisolated static func identity(_ message: [UInt8], _ headerEnd: Int, _ size: Int) -> DeliveryID {
        var identity = SentIdentity(headerEnd: headerEnd)
        for start in stride(from: 0, to: message.count, by: max(1, size)) {
            let piece = Array(message[start...].prefix(size))
            unsafe identity.add(piece.span.bytes)
        }
        return identity.finish(for: AccountID(1))
    }
}
