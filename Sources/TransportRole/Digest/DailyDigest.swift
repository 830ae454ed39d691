// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailTypes

/// What postmaster is told of a day.
struct DailyDigest: Sendable, Hashable {
    struct Failure: Sendable, Hashable {
        var time: Int64
        var sender: String
        var recipients: [String]
        var reply: String
    }

    struct Waiting: Sendable, Hashable {
        var destination: String
        var state: String
        var recipients: Int64
        var why: String
    }

    var host: String
    /// Nanoseconds since 1970.
    var since: Int64
    var until: Int64
    /// The first of them; all are counted.
    var failures: [Failure] = []
    var failedRecipients: Int64 = 0
    /// Events that somebody should look at, by number, with how often they came.
    var troubles: [(number: UInt16, text: String, count: Int)] = []
    var waiting: [Waiting] = []
    var queuedMessages: Int64 = 0
    var setAside: Int64 = 0
    /// Queues that did not answer.
    var silentQueues: [Int] = []

    static let listedFailures = 50
    private static let listedDestinations = 30

    static func == (a: DailyDigest, b: DailyDigest) -> Bool { a.text == b.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether there is anything that somebody should look at.
    var isEmpty: Bool {
        failedRecipients == 0 && troubles.isEmpty && setAside == 0 && silentQueues.isEmpty
            && !waiting.contains { ["retry", "frozen"].contains($0.state) }
    }

    var subject: String {
        "Daily report of \(Self.ascii(host)): \(failedRecipients) failed, \(queuedMessages) queued, \(setAside) set aside"
    }

    /// The report, in lines of printable ASCII that end with LF.
    var text: String {
        var lines = [
            "Mail on \(host), from \(Self.moment(since)) to \(Self.moment(until)) (UTC).", "",
            "Recipients that mail could not be delivered to: \(failedRecipients)",
            "Messages in the queue: \(queuedMessages)", "Recipients set aside: \(setAside)",
        ]
        for number in silentQueues { lines.append("Queue \(number) did not answer; its mail is not counted.") }
        if !failures.isEmpty {
            lines += ["", "Not delivered (see: martlet track --recipient ADDRESS):"]
            for failure in failures {
                let names = failure.recipients.prefix(5).joined(separator: ", ")
                let more = failure.recipients.count > 5 ? " and \(failure.recipients.count - 5) more" : ""
                lines.append("  \(Self.moment(failure.time)) from \(failure.sender) to \(names)\(more)")
                lines.append("    \(failure.reply)")
            }
            let listed = failures.reduce(0) { $0 + Int64($1.recipients.count) }
            if listed < failedRecipients { lines.append("  and \(failedRecipients - listed) more recipients") }
        }
        if !waiting.isEmpty {
            lines += ["", "Waiting (see: martlet queue list):"]
            for place in waiting.prefix(Self.listedDestinations) {
                lines.append("  \(place.destination): \(place.recipients) recipients, \(place.state) \(place.why)")
            }
            if waiting.count > Self.listedDestinations {
                lines.append("  and \(waiting.count - Self.listedDestinations) more destinations")
            }
        }
        if !troubles.isEmpty {
            lines += ["", "Events (see: martlet events explain NUMBER):"]
            for trouble in troubles { lines.append("  \(trouble.count) times \(trouble.number): \(trouble.text)") }
        }
        return lines.map { Self.ascii($0) + "\n" }.joined()
    }

    /// As a message from and to postmaster.
    func message(to postmaster: MailboxAddress) -> [UInt8] {
        let seconds = until / 1_000_000_000
        let header = [
            "From: Mail system <postmaster@\(Self.ascii(host))>", "To: <\(postmaster)>", "Subject: \(subject)",
            "Date: \(MailDate(secondsSince1970: seconds).headerText)",
            "Message-ID: <digest.\(until)@\(Self.ascii(host))>",
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii", "",
        ]
        let body = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        return Array((header + body).map { $0 + "\r\n" }.joined().utf8)
    }

    private static func moment(_ time: Int64) -> String {
        String(Timestamp.text(nanoseconds: time, fractionDigits: 0).prefix(16).replacing("T", with: " "))
    }

    /// Foreign text on one line of at most 500 octets.
    private static func ascii(_ text: String) -> String {
        let octets = PrintableText.escaped(text).unicodeScalars.prefix(500).map { $0.isASCII ? UInt8($0.value) : 0x3F }
        return String(decoding: octets, as: UTF8.self)
    }
}
