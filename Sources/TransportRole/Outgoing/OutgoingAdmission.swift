// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
package import SMTPServer
package import SMTPWire
internal import ServiceControl
package import Settings

/// Whether mail for other servers is taken now.
package struct OutgoingAdmission: RelayPolicy {
    private let queue: MailQueue
    private let settings: LiveSettings

    package init(_ queue: MailQueue, settings: LiveSettings) {
        self.queue = queue
        self.settings = settings
    }

    package func admission(
        of recipient: RecipientCommand,
        in transaction: MailTransaction
    ) async -> RecipientResolution {
        guard settings.current[ServiceSettings.transferMode] != .inbound else {
            return .refused(SMTPReply(451, .notAccepting, "No mail for other servers now (maintenance)"))
        }
        switch await queue.obstacle {
        case nil: return .relay
        case .full?, .tooMany?: return .refused(SMTPReply(452, .mailSystemFull, "No room in the queue now"))
        default: return .refused(SMTPReply(451, .mailSystem, "The queue takes nothing now"))
        }
    }
}
