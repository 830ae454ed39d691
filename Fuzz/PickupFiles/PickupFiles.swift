// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailTypes
import TransportRole

/// Any octets as a file of the pickup folder: a message whose lines all end with CR LF and that names nobody in Bcc, or a
/// reason why not.
@main
enum FuzzPickupFiles {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let message = try? PickupMessage(parsing: input, domain: Domain("example.test")) else { return }
        precondition(!message.recipients.isEmpty)
        let octets = message.header + [13, 10] + message.body
        var previous: UInt8 = 0
        for octet in octets {
            precondition((octet == 10) == (previous == 13) || octet != 10 && previous != 13)
            previous = octet
        }
        precondition(message.recipients.allSatisfy { $0.account == nil && $0.delivery == nil })
        precondition(message.mail.trace == nil)
    }
}
