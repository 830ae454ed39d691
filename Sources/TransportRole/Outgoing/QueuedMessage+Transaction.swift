// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
internal import MailTypes
internal import SASL
package import SMTPServer
package import SMTPWire

extension QueuedMessage {
    /// A received message, for some of its recipients.
    package init(_ transaction: MailTransaction, _ recipients: [RecipientCommand], digest: [UInt8]) {
        var mail = transaction.mail
        mail.trace = transaction.trace
        // Both are the client's claims of what it sent here.
        (mail.size, mail.submitter) = (nil, nil)
        self.init(mail, recipients.map { QueuedRecipient($0, destination: "") })
        receivedFrom = transaction.hello
        peer = transaction.peer
        user = transaction.user.map { "\($0.name)" }
        messageID = transaction.messageID ?? ""
        switch transaction.priority {
        case "urgent": priority = .urgent
        case "non-urgent": priority = .low
        default: priority = .normal
        }
        self.digest = digest
    }
}
