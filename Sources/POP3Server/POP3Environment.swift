// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailTypes
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
    /// Who keeps LOGIN-DELAY; `nil` for nobody.
    package var pace: (any POP3LogOnPace)?

    package init(
        hostName: String,
        authenticator: any Authenticator,
        tls: TLSContext?,
        limits: POP3Limits,
        events: EventRecorder,
        pace: (any POP3LogOnPace)? = nil
    ) {
        self.hostName = hostName
        self.authenticator = authenticator
        self.tls = tls
        self.limits = limits
        self.events = events
        self.pace = pace
    }
}

/// Remembers when accounts have logged on, for all workers.
///
/// Composition supplies it.
package protocol POP3LogOnPace: Sendable {
    /// Notes a log-on, unless the last one is less than `seconds` ago: then it answers false.
    ///
    /// True when that cannot be told.
    func admit(_ account: AccountID, every seconds: Int64) async -> Bool

    /// Forgets the log-on: nothing came of it.
    func withdraw(_ account: AccountID) async
}
