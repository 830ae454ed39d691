// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Runtime
package import SASL

/// What a POP3 service has before anybody has logged on.
package struct POP3Environment: Sendable {
    /// For the greeting.
    package var hostName: String
    package var authenticator: any Authenticator
    /// `nil`: no certificate, and so no STLS.
    package var tls: TLSContext?
    package var limits: POP3Limits
    package var events: EventRecorder

    package init(
        hostName: String,
        authenticator: any Authenticator,
        tls: TLSContext?,
        limits: POP3Limits,
        events: EventRecorder
    ) {
        self.hostName = hostName
        self.authenticator = authenticator
        self.tls = tls
        self.limits = limits
        self.events = events
    }
}
