// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
package import MailTypes
internal import Routing
package import SMTPServer
package import SMTPWire
internal import ServiceControl
package import Settings

/// Whether mail for other servers is taken now.
package struct OutgoingAdmission: RelayPolicy {
    private let queue: MailQueue
    private let router: OutgoingRouter
    private let settings: LiveSettings

    package init(_ queue: MailQueue, _ router: OutgoingRouter, settings: LiveSettings) {
        self.queue = queue
        self.router = router
        self.settings = settings
    }

    package func admission(
        of recipient: RecipientCommand,
        in transaction: MailTransaction
    ) async -> RecipientResolution {
        guard takesFromEverybody(recipient.forwardPath) || settings.current[ServiceSettings.transferMode] != .inbound
        else {
            return .refused(SMTPReply(451, .notAccepting, "No mail for other servers now (maintenance)"))
        }
        if let reply = refusal(recipient, in: transaction) { return .refused(reply) }
        switch await queue.obstacle {
        case nil: return .relay
        case .full?, .tooMany?: return .refused(SMTPReply(452, .mailSystemFull, "No room in the queue now"))
        default: return .refused(SMTPReply(451, .mailSystem, "The queue takes nothing now"))
        }
    }

    package func takesFromEverybody(_ recipient: ForwardPath) -> Bool {
        guard case .address(let address) = recipient else { return false }
        return router.table.connectors.contains { $0.owns(address.domain) }
    }

    /// What no connector takes is refused at once, while the client can still tell its user.
    private func refusal(_ recipient: RecipientCommand, in transaction: MailTransaction) -> SMTPReply? {
        guard case .address(let address) = recipient.forwardPath else { return nil }
        var question = RouteQuestion(
            address,
            from: transaction.reversePath,
            size: transaction.mail.size,
            priority: nil
        )
        question.groups = router.groups(of: transaction.reversePath)
        guard case .refused(let reply) = router.table.decide(question) else { return nil }
        return reply
    }
}
