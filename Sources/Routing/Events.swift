// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let connectorPasswordUnreadable = EventDefinition(
        9750,
        "routing.connector.password-unreadable",
        .error,
        text: "The password of a connector cannot be used.",
        cause:
            "connector/<name>/user is set, and there is no password for it, or the file that holds it cannot be read "
            + "or may be read by other users of this machine; see error.description. The connector's mail waits.",
        action: "Set the password anew: martlet connector set NAME --password-stdin. If no log-on is needed: martlet "
            + "connector set NAME --user \"\"."
    )
}

/// Every event of this module.
package let routingEvents: [EventDefinition] = [.connectorPasswordUnreadable]
