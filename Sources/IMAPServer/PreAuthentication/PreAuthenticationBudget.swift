// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a stranger may use up before the connection is cut.
struct PreAuthenticationBudget {
    private(set) var octets = 0
    private(set) var commands = 0
    var failures = 0
    private let configuration: IMAPConfiguration

    init(_ configuration: IMAPConfiguration) { self.configuration = configuration }

    /// Counts one command.
    mutating func spend(octets count: Int) {
        commands += 1
        octets += count
    }

    /// Begins anew for one who was known and logged off.
    ///
    /// Failures stay, so that no log-on buys more guesses.
    mutating func renew() { (commands, octets) = (0, 0) }

    /// What there was too much of.
    var excess: String? {
        if failures >= configuration.failedLogOns { return "failed log-ons" }
        if commands >= configuration.preAuthenticationCommands { return "commands" }
        return octets > configuration.preAuthenticationOctets ? "octets" : nil
    }
}
