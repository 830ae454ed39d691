// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// One step in the life of a message, as `martlet track` tells it.
package struct TrackingEntry: Sendable, Hashable {
    /// Which part of the server the step was taken in.
    package enum Stage: String, Sendable, Hashable, CaseIterable {
        /// A client's RCPT was refused.
        case recipient
        /// A client's message came to its end, and was answered.
        case receive
        /// The transport handed it to the back-end that owns the mailbox, and heard its answer.
        case deliver
        /// A mailbox has it, or its store refused it.
        case store
        /// The queue took it, or somebody or something changed what becomes of it there.
        case queue
        /// One try to send it to where it goes next.
        case attempt
        /// A report on it was put into the queue (RFC 3464).
        case report
        /// Not of a message: steps that are missing from the log.
        case gap
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z; 0 until it is recorded.
    package var time: Int64 = 0
    package var stage: Stage
    /// What came of it, in one word: `accepted`, `refused`, `stored`, `delivered`, `deferred`, `bounced`, `in-doubt` ...
    package var outcome: String
    /// The trace id, by which the steps of a message belong together.
    package var trace: String
    /// The Message-ID field, where it is at hand.
    package var messageID = ""
    package var queueID = ""
    /// The reverse-path; `<>` for the null one, empty where it is not at hand.
    package var sender = ""
    /// Forward-paths the step is about.
    package var recipients: [String] = []
    /// The final reply, with its code and status.
    package var reply = ""
    /// Who was talked to: the host that a try was made at, or the client that a message came from.
    package var peer = ""
    package var user = ""
    package var subject = ""
    /// What else there is to say: the mailbox and UID, the number of the try, how the connection was secured.
    package var details: [String: String] = [:]
    /// When it is tried next: nanoseconds since 1970; 0 for never, or not known.
    package var next: Int64 = 0
    package var octets: UInt64 = 0
    /// The process that took the step.
    package var process = ""

    package init(_ stage: Stage, _ outcome: String, trace: String) {
        self.stage = stage
        self.outcome = outcome
        self.trace = trace
    }

    /// Recipients of one line of the log: more are continued in the next one.
    static let recipientsPerLine = 200

    /// As one object; what is empty is left out.
    package var json: JSONValue {
        var members = [
            JSONMember("time", .string(Timestamp.text(nanoseconds: time))),
            JSONMember("stage", .string(stage.rawValue)),
            JSONMember("outcome", .string(outcome)),
        ]
        let texts = [
            ("trace", trace), ("messageId", messageID), ("queueId", queueID), ("sender", Self.bare(sender)),
            ("reply", reply),
            ("peer", peer), ("user", user), ("subject", subject), ("process", process),
        ]
        for (name, text) in texts where !text.isEmpty { members.append(JSONMember(name, .string(Self.cut(text)))) }
        if !recipients.isEmpty {
            members.append(JSONMember("recipients", .strings(recipients.map { Self.cut(Self.bare($0)) })))
        }
        if next > 0 {
            members.append(JSONMember("next", .string(Timestamp.text(nanoseconds: next, fractionDigits: 3))))
        }
        if octets > 0 { members.append(JSONMember("octets", .integer(Int64(clamping: octets)))) }
        if !details.isEmpty {
            let sorted = details.sorted { $0.key < $1.key }
            members.append(
                JSONMember("details", .object(sorted.map { JSONMember($0.key, .string(Self.cut($0.value))) }))
            )
        }
        return .object(members)
    }

    /// A line of the log; `nil` for anything else.
    package init?(line: some Collection<UInt8>) {
        guard let json = try? JSONValue(parsing: Array(line)),
            let time = json["time"]?.string.flatMap(Timestamp.parse),
            let stage = json["stage"]?.string.flatMap(Stage.init(rawValue:))
        else { return nil }
        self.init(stage, json["outcome"]?.string ?? "", trace: json["trace"]?.string ?? "")
        self.time = time
        messageID = json["messageId"]?.string ?? ""
        queueID = json["queueId"]?.string ?? ""
        sender = json["sender"]?.string ?? ""
        recipients = json["recipients"]?.strings ?? []
        reply = json["reply"]?.string ?? ""
        peer = json["peer"]?.string ?? ""
        user = json["user"]?.string ?? ""
        subject = json["subject"]?.string ?? ""
        process = json["process"]?.string ?? ""
        next = json["next"]?.string.flatMap(Timestamp.parse) ?? 0
        octets = UInt64(clamping: json["octets"]?.integer ?? 0)
        for member in json["details"]?.members ?? [] { details[member.name] = member.value.string ?? "" }
    }

    /// The entry as lines of the log: as many as its recipients need.
    func lines() -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = recipients[...]
        repeat {
            var part = self
            part.recipients = Array(rest.prefix(Self.recipientsPerLine))
            rest = rest.dropFirst(Self.recipientsPerLine)
            part.json.append(to: &bytes)
            bytes.append(ASCII.lf)
        } while !rest.isEmpty
        return bytes
    }

    /// A path without its angle brackets; the null one keeps them.
    private static func bare(_ path: String) -> String {
        path.utf8.count > 2 && path.hasPrefix("<") && path.hasSuffix(">") ? String(path.dropFirst().dropLast()) : path
    }

    /// Longest text in a line.
    static let maximumTextOctets = 2048

    private static func cut(_ text: String) -> String {
        text.utf8.count <= maximumTextOctets
            ? text : String(decoding: text.utf8.prefix(maximumTextOctets), as: UTF8.self)
    }
}

/// Where steps in the life of messages go.
///
/// `track` blocks on nothing, never fails, and may be called from any thread.
package protocol TrackingSink: Sendable {
    /// Whether anything is kept.
    var isOn: Bool { get }
    func track(_ entry: TrackingEntry)
    /// Writes what waits; how many entries were lost. Blocks.
    func flush() -> Int64
    /// As `flush`, for the last time. Blocks.
    func close()
}
