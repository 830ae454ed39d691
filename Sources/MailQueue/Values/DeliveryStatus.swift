// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import SMTPWire

/// What was last said about a recipient.
package struct DeliveryStatus: Sendable, Hashable {
    package var reply: SMTPReply
    /// Whether another server said it, or this one.
    package var isPeersReply: Bool
    /// The host that was talked to.
    package var host: String?
    /// Milliseconds since 1970, on the queue's own time line.
    package var time: Int64

    package init(_ reply: SMTPReply, isPeersReply: Bool = false, host: String? = nil, time: Int64) {
        self.reply = reply
        self.isPeersReply = isPeersReply
        self.host = host
        self.time = time
    }

    /// Lines of a reply that are kept, and octets of each.
    static let maximumLines = 8
    static let maximumLineOctets = 512

    func write(to writer: inout ByteWriter) {
        writer.integer(time)
        writer.integer(reply.severity.rawValue)
        writer.integer(reply.digits)
        writer.integer(reply.status?.subject ?? .max)
        writer.integer(reply.status?.detail ?? 0)
        writer.integer(UInt8(isPeersReply ? 1 : 0))
        writer.counted((host ?? "").utf8.prefix(255))
        let lines = reply.lines.prefix(Self.maximumLines)
        writer.variableInteger(UInt64(lines.count))
        for line in lines { writer.counted(line.utf8.prefix(Self.maximumLineOctets)) }
    }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let start = reader.offset
        time = try reader.integer()
        guard let severity = Severity(rawValue: try reader.integer()) else { throw ByteReaderError(offset: start) }
        let digits = try reader.integer(UInt8.self)
        let detail = StatusDetail(try reader.integer(), try reader.integer())
        isPeersReply = try reader.integer(UInt8.self) != 0
        let host = try reader.string(maximum: 255)
        self.host = host.isEmpty ? nil : host
        let count = try reader.variableInteger()
        guard count <= UInt64(Self.maximumLines), digits < 100 else { throw ByteReaderError(offset: start) }
        var lines: [String] = []
        for _ in 0..<count { lines.append(try reader.string(maximum: Self.maximumLineOctets)) }
        reply = SMTPReply(severity, digits: digits, detail.subject == .max ? nil : detail, lines: lines)
    }
}

/// How far the delivery to one recipient has come, as it is written.
package struct RecipientProgress: Sendable, Hashable {
    package var state: DeliveryState
    /// Tries that were begun.
    package var attempts: UInt16 = 0
    /// Tries in a row that ended in doubt.
    package var inDoubt: UInt8 = 0
    /// Deaths of the process in a row at which it was being sent.
    package var deaths: UInt8 = 0
    /// When it is tried again, for `deferred`; when it is given up, for `quarantined`.
    package var next: Int64 = 0
    package var status: DeliveryStatus?

    package init(_ state: DeliveryState) { self.state = state }

    var facts: ProgressFacts {
        ProgressFacts(state: state, attempts: attempts, inDoubt: inDoubt, deaths: deaths, next: next)
    }

    func write(to writer: inout ByteWriter) {
        facts.write(to: &writer)
        var text = ByteWriter()
        status?.write(to: &text)
        writer.counted(text.bytes)
    }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let facts = try ProgressFacts(&reader)
        state = facts.state
        (attempts, inDoubt, deaths, next) = (facts.attempts, facts.inDoubt, facts.deaths, facts.next)
        let octets = try reader.counted(maximum: Self.maximumStatusOctets)
        guard !octets.isEmpty else { return }
        var inner = ByteReader(Array(octets))
        status = try DeliveryStatus(&inner)
    }

    static let maximumStatusOctets = 1 << 16
}

/// `RecipientProgress` without a text: what memory keeps of it.
struct ProgressFacts: Sendable, Hashable {
    var state: DeliveryState
    var attempts: UInt16
    var inDoubt: UInt8
    var deaths: UInt8
    var next: Int64

    init(state: DeliveryState, attempts: UInt16, inDoubt: UInt8, deaths: UInt8, next: Int64) {
        self.state = state
        self.attempts = attempts
        self.inDoubt = inDoubt
        self.deaths = deaths
        self.next = next
    }

    func write(to writer: inout ByteWriter) {
        writer.integer(state.rawValue)
        writer.integer(attempts)
        writer.integer(inDoubt)
        writer.integer(deaths)
        writer.integer(next)
    }

    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        let start = reader.offset
        guard let state = DeliveryState(rawValue: try reader.integer()) else { throw ByteReaderError(offset: start) }
        self.state = state
        attempts = try reader.integer()
        inDoubt = try reader.integer()
        deaths = try reader.integer()
        next = try reader.integer()
    }
}
