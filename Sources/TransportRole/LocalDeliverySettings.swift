// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of the way from the transport to the mailboxes.
package enum LocalDeliverySettings {
    package static let deadline = SettingKey(
        "transport/local-delivery-deadline",
        default: Duration.seconds(60),
        in: .seconds(1)...(.seconds(600)),
        help:
            "How long a received message waits for the back-end worker of its recipient before the sender is told 451 4.3.2."
    )
}

package let localDeliverySettings: [SettingDeclaration] = [LocalDeliverySettings.deadline.declaration]
