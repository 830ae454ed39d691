// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailQueue
internal import MailTypes
package import SMTPWire
package import Settings

/// Where mail for other domains goes: to the smart hosts, or to each domain's own servers.
package struct OutgoingRouter: QueueRouter {
    private let settings: LiveSettings

    package init(_ settings: LiveSettings) { self.settings = settings }

    /// Names of destinations: `mx:example.org`, or `smart-host:relay.example`.
    package func route(
        _ recipient: RecipientCommand,
        of message: QueuedMessage,
        size: UInt64,
        at time: Int64
    ) -> QueueRoute {
        let hosts = settings.current[OutgoingSettings.smartHosts]
        if !hosts.isEmpty { return .destination("smart-host:" + hosts.joined(separator: ",")) }
        guard case .address(let address) = recipient.forwardPath else {
            return .refused(SMTPReply(550, .otherAddress, "No domain to send it to"))
        }
        return .destination("mx:\(address.domain)")
    }
}
