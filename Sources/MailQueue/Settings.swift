// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Settings

/// Pauses between tries: the first after the first failure, and so on; the last one is repeated.
///
/// Written as durations (`15m, 30m, 1h, 4h`) or, as in the classic system, in hours without a unit (`0.25, .5, 1, 4`).
package struct RetryList: SettingValue, Hashable {
    package var pauses: [Duration]

    package init(_ pauses: [Duration]) { self.pauses = pauses }

    package static var settingTypeName: String { "list of durations, or of hours without a unit" }
    /// A pause is at most this.
    private static let longest = Duration.seconds(7 * 86_400)

    package init?(settingText: String) {
        let words = [String](settingText: settingText) ?? []
        guard (1...20).contains(words.count) else { return nil }
        pauses = words.compactMap { Duration(settingText: $0) ?? Self.hours($0) }
        guard pauses.count == words.count, pauses.allSatisfy({ $0 >= .milliseconds(100) && $0 <= Self.longest }) else {
            return nil
        }
    }

    package var settingText: String { pauses.map(\.settingText).joined(separator: ", ") }

    /// `0.25`, `.5`, `4`: digits with at most three behind the point.
    private static func hours(_ text: String) -> Duration? {
        let parts = text.utf8.split(separator: 0x2E, maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.count == 1 || parts[1].count <= 3,
            parts.count == 2 || !whole.isEmpty, parts.count == 1 || !parts[1].isEmpty
        else { return nil }
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        let digits = fraction + [UInt8](repeating: 0x30, count: 3 - fraction.count)
        guard let hours = whole.isEmpty ? 0 : Decimal.parse(whole, maximum: 100_000),
            let thousandths = Decimal.parse(digits, maximum: 999)
        else { return nil }
        return .milliseconds(Int64(hours) * 3_600_000 + Int64(thousandths) * 3600)
    }

    /// Milliseconds to wait after the n-th failure, from 1.
    func pause(after failures: UInt16) -> Int64 {
        let index = min(max(1, Int(failures)), pauses.count) - 1
        return pauses.isEmpty ? 900_000 : pauses[index].milliseconds
    }
}

extension Duration {
    /// Rounded towards zero.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}

/// Settings of the queue.
package enum QueueSettings {
    package static let retry = SettingKey(
        "queue/retry",
        default: RetryList([.seconds(900), .seconds(1800), .seconds(3600), .seconds(14_400)]),
        classic: ["imc/RetryIntervals"],
        help: "Pauses after the first, second ... failure to deliver; the last one is repeated until queue/expire."
    )
    package static let delayNotice = SettingKey(
        "queue/delay-notice",
        default: Duration.seconds(12 * 3600),
        in: .zero...(.seconds(30 * 86_400)),
        classic: ["imc/DelayNotice"],
        help: "How long a message waits until its sender is told, once; 0s for never."
    )
    package static let expire = SettingKey(
        "queue/expire",
        default: Duration.seconds(5 * 86_400),
        in: .seconds(1)...(.seconds(30 * 86_400)),
        classic: ["imc/Expire", "imc/Timeouts/Normal"],
        help: "How long delivery of a message is tried, in every state; then it goes back to its sender."
    )
    package static let expireUrgent = SettingKey(
        "queue/expire-urgent",
        default: Duration.seconds(86_400),
        in: .seconds(1)...(.seconds(30 * 86_400)),
        classic: ["imc/Timeouts/Urgent"],
        help: "As queue/expire, for urgent messages."
    )
    package static let expireLow = SettingKey(
        "queue/expire-low",
        default: Duration.seconds(5 * 86_400),
        in: .seconds(1)...(.seconds(30 * 86_400)),
        classic: ["imc/Timeouts/NonUrgent"],
        help: "As queue/expire, for messages of low priority."
    )
    package static let inDoubtWait = SettingKey(
        "queue/in-doubt-wait",
        default: Duration.seconds(600),
        in: .milliseconds(100)...(.seconds(86_400)),
        help:
            "Pause after the end of a message was sent and no answer came (RFC 5321 §4.5.3.2.6), before it is sent again."
    )
    package static let inDoubtLimit = SettingKey(
        "queue/in-doubt-limit",
        default: 3,
        in: 1...100,
        help: "Tries in a row that end in doubt, after which the message is set aside: each may have left a copy."
    )
    package static let quarantineTime = SettingKey(
        "queue/quarantine-time",
        default: Duration.seconds(30 * 86_400),
        in: .seconds(60)...(.seconds(365 * 86_400)),
        help: "How long what was set aside is kept for somebody to look at; then it goes back to its sender."
    )
    package static let connections = SettingKey(
        "queue/connections",
        default: 200,
        in: 1...5000,
        help: "Transactions with other servers at a time, all destinations together."
    )
    package static let initialConnections = SettingKey(
        "queue/initial-connections",
        default: 5,
        in: 1...1000,
        help: "Transactions at a time that a destination begins with; each that goes through allows one more."
    )
    package static let destinationConnections = SettingKey(
        "queue/destination-connections",
        default: 20,
        in: 1...1000,
        help: "Transactions at a time with one destination, at most."
    )
    package static let lowDisk = SettingKey(
        "queue/low-disk",
        default: ByteCount.gibibytes(1),
        in: ByteCount(0)...ByteCount.gibibytes(4096),
        classic: ["queue/LowDisk"],
        help: "Less free room than this, and no message is queued (452 4.3.1); what is queued goes on its way."
    )
    package static let maximumMessages = SettingKey(
        "queue/maximum-messages",
        default: 2_000_000,
        in: 1...100_000_000,
        help: "Messages that the queue holds at most; more get 452 4.3.1. Each takes some 250 octets of memory."
    )
    package static let destinationRetry = SettingKey(
        "destination/retry",
        default: [String](),
        allowed: "as queue/retry",
        where: { $0.isEmpty || RetryList(settingText: $0.joined(separator: ", ")) != nil },
        perInstance: true,
        help: "Pauses after failures to deliver to the domains of a rule, as queue/retry; without any: as queue/retry."
    )
    package static let destinationExpire = SettingKey(
        "destination/expire",
        default: Duration.zero,
        in: .zero...(.seconds(30 * 86_400)),
        perInstance: true,
        help: "How long delivery to the domains of a rule is tried, at most; 0s: as long as queue/expire lets it. For "
            + "longer than that nothing is tried."
    )
    package static let hold = SettingKey(
        "queue/hold",
        default: [String](),
        where: { $0.allSatisfy { HoldRule($0) != nil } },
        help: "Messages that are frozen when they come: from:ADDRESS, from:DOMAIN, to:ADDRESS or to:DOMAIN, or all."
    )
}

package let queueSettings: [SettingDeclaration] = [
    QueueSettings.retry.declaration, QueueSettings.delayNotice.declaration, QueueSettings.expire.declaration,
    QueueSettings.expireUrgent.declaration, QueueSettings.expireLow.declaration,
    QueueSettings.inDoubtWait.declaration, QueueSettings.inDoubtLimit.declaration,
    QueueSettings.quarantineTime.declaration, QueueSettings.connections.declaration,
    QueueSettings.initialConnections.declaration, QueueSettings.destinationConnections.declaration,
    QueueSettings.lowDisk.declaration, QueueSettings.maximumMessages.declaration, QueueSettings.hold.declaration,
    QueueSettings.destinationRetry.declaration, QueueSettings.destinationExpire.declaration,
]
