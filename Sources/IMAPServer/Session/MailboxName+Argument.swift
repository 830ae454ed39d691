// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailTypes

extension MailboxName {
    /// A name that a client sent.
    ///
    /// One that no mailbox can have is answered NO: the syntax was right.
    init(argument text: String) throws(CommandRefusal) {
        guard let name = MailboxName(text) else {
            throw .no(
                .cannot,
                "A mailbox name has 1 to \(Self.maximumOctets) octets, no control characters and no empty level"
            )
        }
        self = name
    }
}
