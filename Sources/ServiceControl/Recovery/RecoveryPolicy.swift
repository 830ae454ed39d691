// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

/// What is done when a worker fails, written as service administrators know it:
/// `restart 0s, restart 5s, restart 30s; reset 1h; breaker 5`.
///
/// The n-th failure in a row takes the n-th action, the last action repeats. A worker that ran for `reset` since it was
/// ready has no failures any more. After `breaker` failures in a row service control gives up on quick restarts: the
/// worker is tried again every five minutes, or at once when somebody says `service restart`.
package struct RecoveryPolicy: SettingValue {
    /// Pauses before the first, second, ...
    ///
    /// restart.
    package var pauses: [Duration]
    package var reset: Duration
    package var breaker: Int

    package init(pauses: [Duration], reset: Duration, breaker: Int) {
        self.pauses = pauses
        self.reset = reset
        self.breaker = breaker
    }

    package static let standard = RecoveryPolicy(
        pauses: [.zero, .zero, .seconds(1), .seconds(5), .seconds(30)],
        reset: .seconds(60),
        breaker: 5
    )

    /// The pause between tries after the breaker opened.
    package static let pauseAfterBreaker: Duration = .seconds(300)

    package static var settingTypeName: String { "recovery policy (restart T, ...; reset T; breaker N)" }

    package init?(settingText: String) {
        var policy = RecoveryPolicy(pauses: [], reset: .seconds(60), breaker: 5)
        for clause in settingText.split(separator: ";") {
            for action in clause.split(separator: ",") {
                let words = action.split(separator: " ").map(String.init)
                guard words.count == 2 else { return nil }
                switch ASCII.lowercased(words[0]) {
                case "restart":
                    guard let pause = Duration(settingText: words[1]) else { return nil }
                    policy.pauses.append(pause)
                case "reset":
                    guard let reset = Duration(settingText: words[1]) else { return nil }
                    policy.reset = reset
                case "breaker":
                    guard let breaker = Int(words[1]), (1...1000).contains(breaker) else { return nil }
                    policy.breaker = breaker
                default:
                    return nil
                }
            }
        }
        guard (1...20).contains(policy.pauses.count) else { return nil }
        self = policy
    }

    package var settingText: String {
        pauses.map { "restart \($0.settingText)" }.joined(separator: ", ")
            + "; reset \(reset.settingText); breaker \(breaker)"
    }
}

/// Failures of one worker, counted as the policy says.
///
/// No clock of its own: times are handed in.
package struct RecoveryState: Sendable, Hashable {
    package private(set) var failures = 0

    package init() {}

    package enum Decision: Sendable, Hashable {
        case restart(after: Duration)
        /// The breaker opened (or is open): try again much later.
        case giveUp(nextTry: Duration)
    }

    /// The worker ended although nobody asked it to.
    ///
    /// - Parameters:
    ///   - ranFor: how long it ran after it was ready; `nil` when it never was.
    ///   - killedFromOutside: it was ready and died of SIGKILL or SIGTERM, which no fault of its own raises. It is
    ///     started again at once and the failure is not counted: a loop of these is not the worker's own.
    package mutating func failed(
        ranFor: Duration?,
        killedFromOutside: Bool,
        policy: RecoveryPolicy
    ) -> Decision {
        if let ranFor, ranFor >= policy.reset { failures = 0 }
        if killedFromOutside, ranFor != nil { return .restart(after: .zero) }
        failures += 1
        if failures >= policy.breaker { return .giveUp(nextTry: RecoveryPolicy.pauseAfterBreaker) }
        return .restart(after: policy.pauses[min(failures, policy.pauses.count) - 1])
    }

    /// Somebody asked for a restart: begin anew.
    package mutating func forget() { failures = 0 }
}
