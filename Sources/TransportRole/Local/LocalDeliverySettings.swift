// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of the way from the transport to the mailboxes.
package enum LocalDeliverySettings {
    package static let deadline = SettingKey(
        "transport/local-delivery-deadline",
        default: Duration.seconds(10),
        in: .milliseconds(100)...(.seconds(600)),
        help:
            "How long a received message waits for the back-end worker of its recipient, until it is put in the queue."
    )
}

package let localDeliverySettings: [SettingDeclaration] = [LocalDeliverySettings.deadline.declaration]
