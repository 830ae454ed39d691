// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal
internal import MailQueue
internal import MailTypes
internal import MessageFormat
internal import Runtime
internal import SMTPServer
internal import SMTPWire

/// Tells people of files that were set aside: who left one there is long gone.
///
/// The sender hears of it when it is an account of this server, else postmaster: whoever may leave files may name any
/// sender, and nobody elsewhere is to get mail for that.
///
/// Used by the one task that takes mail from the pickup folder.
final class PickupReports {
    /// Reports to postmaster in an hour; the events have all.
    private static let maximumPerHour = 20
    private static let listedLines = 30
    private static let maximumLine = 200

    private let services: PickupServices
    private var told: [ContinuousClock.Instant] = []

    init(_ services: PickupServices) { self.services = services }

    /// Reports on a file.
    ///
    /// - Parameters:
    ///   - place: where it is.
    ///   - octets: what is in it; `nil` when nobody knows.
    func report(_ place: String, _ reason: String, _ octets: [UInt8]?) async {
        let domain = await services.domain()
        let sender = octets.flatMap { PickupMessage.sender(of: $0, domain: domain) }
        // RFC 5321 §6.1: nobody is told of what nobody sent.
        if case .null? = sender { return }
        var found = await recipients(sender)
        if found.isEmpty {
            guard mayTellPostmaster() else { return }
            found = await recipients(nil)
        }
        guard let first = found.first, let domain else { return }
        var mail = MailCommand(.null)
        mail.trace = .random()
        let recipients = found.map { delivery in
            var command = RecipientCommand(.address(delivery.address))
            (command.account, command.delivery, command.notify) = (delivery.account, .random(), .never)
            return QueuedRecipient(command, destination: "")
        }
        var message = QueuedMessage(mail, recipients)
        message.origin = .notice
        let text = Self.text(place, reason, octets, to: first.address, from: domain, services.hostName)
        // When the queue takes nothing now, the event has said it.
        _ = try? await services.queue.accept(message, .octets(OctetBlock(Array(text.utf8))))
    }

    /// The accounts of a sender, or of postmaster; none when that is somebody elsewhere.
    private func recipients(_ sender: ReversePath?) async -> [LocalDelivery] {
        var path = ForwardPath.postmaster
        if let sender {
            guard let address = sender.address else { return [] }
            path = .address(address)
        }
        switch await services.directory.resolve(path, from: .null, user: nil) {
        case .deliver(let deliveries): return deliveries
        case .expand(let others):
            return others.compactMap { other in
                other.account.map { LocalDelivery(account: $0, address: other.address) }
            }
        default: return []
        }
    }

    private func mayTellPostmaster() -> Bool {
        let oldest = ContinuousClock.now - .seconds(3600)
        told.removeAll { $0 < oldest }
        guard told.count < Self.maximumPerHour else { return false }
        told.append(.now)
        return true
    }

    // MARK: The text

    private static func text(
        _ place: String,
        _ reason: String,
        _ octets: [UInt8]?,
        to address: MailboxAddress,
        from domain: Domain,
        _ hostName: String
    ) -> String {
        let now = WallClock.nanoseconds
        let header = [
            "From: Mail system <postmaster@\(domain)>", "To: <\(address)>",
            "Subject: A message in the pickup folder was not sent",
            "Date: \(MailDate(secondsSince1970: now / 1_000_000_000).headerText)",
            "Message-ID: <pickup.\(now)@\(hostName)>", "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
        ]
        var body = [
            "A file that was left in the pickup folder of \(hostName), or given to sendmail there,",
            "was not sent to anybody. It was set aside:", "", "    \(shown(place))", "", "Why:", "",
            "    \(shown(reason))", "", "Mend it and move it back to the pickup folder, or delete it.",
        ]
        if let octets, !octets.isEmpty { body += ["", "It begins:", ""] + beginning(of: octets).map { "    \($0)" } }
        return (header + body).map { $0 + "\r\n" }.joined()
    }

    /// The lines before the first empty one.
    private static func beginning(of octets: [UInt8]) -> [String] {
        var lines: [String] = []
        let front = octets.prefix(listedLines * maximumLine)
        for line in front.split(separator: ASCII.lf, omittingEmptySubsequences: false) {
            let text = line.last == ASCII.cr ? line.dropLast() : line
            guard !text.isEmpty, lines.count < listedLines else { break }
            lines.append(shown(String(decoding: text, as: UTF8.self)))
        }
        return lines
    }

    private static func shown(_ text: String) -> String {
        PrintableText.escaped(String(text.unicodeScalars.prefix(maximumLine)))
    }
}
