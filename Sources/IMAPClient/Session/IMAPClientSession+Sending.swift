// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import IMAPWire
internal import Runtime

/// A command that was sent.
package struct IMAPCommandTag: Sendable, Hashable {
    let octets: [UInt8]
}

extension IMAPClientSession {
    // MARK: One command

    /// Sends a command and waits for its end; `each` is given the responses on the way, in order.
    ///
    /// - Throws: `.refused` when the answer is NO or BAD; the session goes on then.
    @discardableResult
    package func perform(
        _ command: some IMAPCommand,
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) -> StatusResponse {
        let tag = try await send(command)
        let status = try await answer(to: tag, each: each)
        guard status.condition == .ok else { throw .refused(status) }
        return status
    }

    // MARK: Several at a time

    /// Gathers a command; it leaves with the next wait for an answer.
    ///
    /// Answers may then be waited for in any order. What is gathered should fit the server's window (64 KiB): a server
    /// may not read on before its answers are read.
    ///
    /// - Throws: `.busy` when it has literals that the server must ask for, or leaves the mailbox, while others are
    ///   under way.
    package func send<Command: IMAPCommand>(_ command: Command) async throws(IMAPClientError) -> IMAPCommandTag {
        if let failure { throw failure }
        let tag = nextTag()
        var encoder = WireEncoder(literalForm: .plain, textForm: textForm)
        encoder.raw(tag)
        encoder.raw(command.isUID ? " UID " : " ")
        encoder.raw(Command.name)
        command.encodeArguments(to: &encoder)
        encoder.lineEnd()
        if Command.traits.contains(.leavesMailbox), !pending.isEmpty { throw .busy }
        let pieces = Self.pieces(of: encoder.bytes)
        if pieces.count > 1 { try await sendWithLiterals(pieces) } else { connection.write(encoder.bytes) }
        pending.append(Pending(tag: tag, traits: Command.traits, isUID: command.isUID))
        return IMAPCommandTag(octets: tag)
    }

    /// Waits for the end of a command; `each` is given all untagged responses that come meanwhile.
    ///
    /// - Throws: not for NO and BAD, which are values here.
    package func answer(
        to tag: IMAPCommandTag,
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) -> StatusResponse {
        while true {
            if let status = finished.removeValue(forKey: tag.octets) { return status }
            let response = try parse(try await readFrame())
            try note(response)
            if case .tagged = response { continue }
            each(response)
        }
    }

    /// As `perform`, but hands on the responses as they came, without reading them: for those who look later.
    ///
    /// Each is whole, without its last line end. What they say of the mailbox is not noted.
    package func performRaw(
        _ command: some IMAPCommand,
        each: ([UInt8]) -> Void
    ) async throws(IMAPClientError) -> StatusResponse {
        guard pending.isEmpty else { throw .busy }
        let tag = try await send(command)
        while true {
            let frame = try await readFrame()
            guard frame.starts(with: tag.octets + [ASCII.space]) else {
                each(frame)
                continue
            }
            try note(try parse(frame))
            guard let status = finished.removeValue(forKey: tag.octets) else { throw .unexpected("no answer") }
            guard status.condition == .ok else { throw .refused(status) }
            return status
        }
    }

    // MARK: Literals

    /// How a literal of so many octets may go: without waiting where the server allows it (RFC 7888 §4, §5).
    func mayGoAtOnce(_ count: UInt64) -> Bool {
        offers("LITERAL+") || offers("IMAP4REV2") && count <= 4096 || offers("LITERAL-") && count <= 4096
    }

    private func sendWithLiterals(_ pieces: [[UInt8]]) async throws(IMAPClientError) {
        for (index, piece) in pieces.enumerated() {
            guard index < pieces.count - 1 else { return connection.write(piece) }
            let count = LiteralMarker(atEndOf: Array(piece.dropLast(2)))?.count ?? 0
            if mayGoAtOnce(count) {
                connection.write(piece.dropLast(3))
                connection.write("+}\r\n")
            } else {
                guard pending.isEmpty else { throw .busy }
                connection.write(piece)
                try await awaitLeave()
            }
        }
    }

    /// Waits until the server asks for more of a command that is not yet whole.
    ///
    /// - Throws: `.refused` when it does not want the command.
    @discardableResult
    func awaitLeave(refusal tag: [UInt8]? = nil) async throws(IMAPClientError) -> [UInt8] {
        while true {
            let response = try parse(try await readFrame())
            if case .continuation(let text) = response { return text }
            if case .tagged(_, let status) = response, pending.isEmpty || tag != nil {
                if let tag { pending.removeAll { $0.tag == tag } }
                throw .refused(status)
            }
            try note(response)
        }
    }

    /// A command cut behind the line ends of its literals' sizes.
    static func pieces(of command: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        var place = 0
        while let end = command[place...].firstIndex(of: ASCII.lf) {
            guard let marker = LiteralMarker(atEndOf: Array(command[place..<max(place, end - 1)])) else { break }
            pieces.append(Array(command[start...end]))
            start = end + 1
            place = min(command.count, start + Int(clamping: marker.count))
        }
        return pieces + [Array(command[start...])]
    }
}
