// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import SMTPWire

/// What the owner of the ledger is told while a message goes out; runs on the connection's loop.
package protocol OutboundObserver: AnyObject, Sendable {
    /// Comes just before what ends the message is written (the final dot, the last octets of `BDAT n LAST`): makes
    /// durable that these recipients, counted as in `OutboundMessage.recipients`, may have the message from here on.
    ///
    /// With false the message is not ended, the connection is dropped, and the recipients are put off.
    func willSendEndOfData(_ recipients: [Int], to host: SMTPHost) async -> Bool

    /// Whether `trace` wants to be called.
    var wantsTrace: Bool { get }

    /// One line of the dialogue, secrets masked.
    func trace(_ line: OutboundTraceLine)
}

extension OutboundObserver {
    package func willSendEndOfData(_ recipients: [Int], to host: SMTPHost) async -> Bool { true }
    package var wantsTrace: Bool { false }
    package func trace(_ line: OutboundTraceLine) {}
}

/// A line of a dialogue with a server, for people.
package enum OutboundTraceLine: Sendable, Hashable {
    /// A host is turned to, on a connection that was open already or is to be opened.
    case trying(SMTPHost, isReused: Bool)
    case connected(SMTPHost)
    /// A command, without its line end.
    case sent(String)
    /// Each line of a reply.
    case received(String)
    /// What cannot be seen on the wire, such as what TLS agreed on.
    case note(String)
    /// Octets of the message, as they are sent.
    case content([UInt8])
    /// The message's end was sent.
    case endOfContent
    case closed
}

extension OutboundObserver {
    func show(_ line: @autoclosure () -> OutboundTraceLine) {
        if wantsTrace { trace(line()) }
    }

    func show(_ command: SMTPCommand) {
        guard wantsTrace else { return }
        if case .authenticate(let auth) = command {
            return trace(.sent("AUTH \(auth.mechanism)" + (auth.initialResponse == nil ? "" : " ***")))
        }
        let text = String(decoding: command.encoded.dropLast(2), as: UTF8.self)
        trace(.sent(PrintableText.escaped(text)))
    }

    func show(_ reply: SMTPReply) {
        guard wantsTrace else { return }
        // What a challenge of AUTH says is nobody's business.
        if reply.code == 334 { return trace(.received("334 ***")) }
        let lines = reply.lines.isEmpty ? [""] : reply.lines
        for (index, line) in lines.enumerated() {
            let status = index == lines.count - 1 ? reply.enhancedStatusCode.map { "\($0) " } ?? "" : ""
            let mark = index == lines.count - 1 ? " " : "-"
            trace(.received(PrintableText.escaped("\(reply.code)\(mark)\(status)\(line)")))
        }
    }
}
