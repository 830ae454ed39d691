// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import SMTPWire
internal import Settings

/// Which messages are frozen when they come.
struct HoldRule: Sendable, Hashable {
    private enum Side { case from, to, all }
    private let side: Side
    /// An address or a domain, in lower case.
    private let what: String
    /// As the setting has it, in lower case.
    let text: String

    init?(_ text: String) {
        let text = ASCII.lowercased(text)
        self.text = text
        if text == "all" {
            (side, what) = (.all, "")
        } else if text.hasPrefix("from:") {
            (side, what) = (.from, String(text.dropFirst(5)))
        } else if text.hasPrefix("to:") {
            (side, what) = (.to, String(text.dropFirst(3)))
        } else {
            return nil
        }
        guard side == .all || MailboxAddress(what) != nil || Domain(what) != nil else { return nil }
    }

    func applies(to message: QueuedMessage) -> Bool {
        switch side {
        case .all: return true
        case .from: return matches(message.mail.reversePath.address)
        case .to:
            return message.recipients.contains { recipient in
                if case .address(let address) = recipient.command.forwardPath { matches(address) } else { false }
            }
        }
    }

    private func matches(_ address: MailboxAddress?) -> Bool {
        guard let address else { return false }
        return ASCII.lowercased("\(address)") == what || address.domain.text == what
    }
}

/// The settings in force, as numbers.
struct QueuePolicy: Sendable {
    var retry: RetryList
    var delayNotice: Int64
    private var expiry: [Int64]
    var inDoubtWait: Int64
    var inDoubtLimit: Int
    var quarantineTime: Int64
    var limits: QueueLimits
    var lowDisk: UInt64
    var maximumMessages: Int
    var hold: [HoldRule]

    init(_ settings: SettingsSnapshot) {
        retry = settings[QueueSettings.retry]
        delayNotice = settings[QueueSettings.delayNotice].milliseconds
        expiry = [QueueSettings.expireLow, QueueSettings.expire, QueueSettings.expireUrgent].map {
            settings[$0].milliseconds
        }
        inDoubtWait = settings[QueueSettings.inDoubtWait].milliseconds
        inDoubtLimit = settings[QueueSettings.inDoubtLimit]
        quarantineTime = settings[QueueSettings.quarantineTime].milliseconds
        limits = QueueLimits(
            total: settings[QueueSettings.connections],
            initialWindow: settings[QueueSettings.initialConnections],
            maximumWindow: settings[QueueSettings.destinationConnections],
            lifetimes: expiry
        )
        lowDisk = UInt64(clamping: settings[QueueSettings.lowDisk].octets)
        maximumMessages = settings[QueueSettings.maximumMessages]
        hold = settings[QueueSettings.hold].compactMap(HoldRule.init)
    }

    func expiry(of priority: QueuePriority) -> Int64 { expiry[Int(priority.rawValue)] }
}

/// What the queue itself says about deliveries.
enum QueueReplies {
    /// X.4.7 (RFC 3463 §3.5): delivery time expired.
    static func expired(_ last: DeliveryStatus?) -> SMTPReply {
        let tail = last.map { "; last: \($0.reply.summary)" } ?? ""
        return SMTPReply(554, StatusDetail(4, 7), "Could not be delivered in the time it was tried" + tail)
    }

    static let inDoubt = SMTPReply(
        451,
        StatusDetail(4, 2),
        "This server ended after the message was sent and before an answer came"
    )
    static let returned = SMTPReply(554, StatusDetail(0, 0), "Returned by the administrator")
    /// X.6.0.
    static let damaged = SMTPReply(554, .contentOther, "The message was damaged on this server's disk")
    static let noReport = SMTPReply(450, .mailSystem, "The report to the sender cannot be made now")
    /// - Parameter destination: of a connector that holds what is for it.
    static func held(_ destination: String) -> SMTPReply {
        let connector = destination.split(separator: "/", maxSplits: 1).first.map(String.init) ?? destination
        return SMTPReply(450, StatusDetail(4, 0), "Held by connector \(connector) until it is asked for (ETRN, ATRN)")
    }
    static let scheduled = SMTPReply(450, StatusDetail(4, 0), "Waits for the hours of its connector")
    static let unreleased = SMTPReply(450, StatusDetail(4, 0), "Waits for the time that its sender asked for")
    static let poison = SMTPReply(450, .mailSystem, "Was being sent when this server died, twice")
}
