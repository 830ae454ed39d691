// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailTypes
internal import Runtime

extension IMAPClientSession {
    /// Octets of a response that an error shows.
    private static let shownOctets = 200

    /// The next response, without its last line end.
    ///
    /// What a body's octets are given to `sink`, the response has without.
    func readFrame(_ sink: BodySink? = nil) async throws(IMAPClientError) -> [UInt8] {
        if let failure { throw failure }
        var assembler = FrameAssembler()
        return try await readRest(of: &assembler, sink)
    }

    /// What is missing of a frame.
    func readRest(
        of assembler: inout FrameAssembler,
        _ sink: BodySink? = nil
    ) async throws(IMAPClientError) -> [UInt8] {
        while true {
            let line = try await readLine(assembler.bytes.count)
            if let frame = try await add(line, to: &assembler, sink) { return frame }
        }
    }

    private func readLine(_ before: Int) async throws(IMAPClientError) -> Line {
        let line: Line?
        do throws(IOError) {
            line = try await connection.readLine(maximum: max(0, limits.frameOctets - before))
        } catch {
            throw fail(error == .lineTooLong ? .tooLong(UInt64(limits.frameOctets)) : .io(error))
        }
        guard let line else { throw fail(.io(.closed)) }
        return line
    }

    /// Takes a line of a frame and the literal it announces; the frame when it is whole.
    func add(
        _ line: Line,
        to assembler: inout FrameAssembler,
        _ sink: BodySink? = nil
    ) async throws(IMAPClientError) -> [UInt8]? {
        let isFirst = assembler.isEmpty
        guard line.endsWithCRLF else {
            let place = assembler.bytes.count + line.bytes.count
            throw notAResponse(IMAPSyntaxError(offset: place, expected: "CR"), assembler.bytes + line.bytes)
        }
        // Text for people may end in what looks like a literal.
        if isFirst, !Self.mayHoldLiterals(line.bytes) { return line.bytes }
        switch assembler.add(line: line.bytes) {
        case .complete(let frame): return frame
        case .literal(let marker):
            try await take(marker, &assembler, sink)
            return nil
        }
    }

    private func take(
        _ marker: LiteralMarker,
        _ assembler: inout FrameAssembler,
        _ sink: BodySink?
    ) async throws(IMAPClientError) {
        guard marker.isSynchronizing else {
            let place = max(0, assembler.bytes.count - 4)
            throw notAResponse(IMAPSyntaxError(offset: place, expected: "a server's literal"), assembler.bytes)
        }
        if let sink, let body = StreamedBody(after: assembler.bytes, size: marker.count, textForm: textForm) {
            try await stream(body, sink)
            return assembler.omitLiteral()
        }
        guard let count = Int(exactly: marker.count), count <= limits.frameOctets - assembler.bytes.count else {
            throw fail(.tooLong(marker.count))
        }
        do throws(IOError) { assembler.add(literal: try await connection.readExactly(count)) } catch {
            throw fail(.io(error))
        }
    }

    private func stream(_ body: StreamedBody, _ sink: BodySink) async throws(IMAPClientError) {
        var left = body.size
        while left > 0 {
            let octets: [UInt8]
            do throws(IOError) {
                let most = Int(min(left, UInt64(IMAPClientLimits.pieceOctets)))
                octets = try await connection.readSome(maximum: most)
                guard !octets.isEmpty else { throw .closed }
            } catch {
                throw fail(.io(error))
            }
            left -= UInt64(octets.count)
            await sink(body, octets)
        }
        await sink(body, [])
    }

    /// Whether a response that begins so may have literals: no status response has any.
    private static func mayHoldLiterals(_ line: [UInt8]) -> Bool {
        guard line.last == 0x7D else { return true }
        guard line.starts(with: [0x2A, ASCII.space]) else { return false }
        let word = line.dropFirst(2).prefix { $0 != ASCII.space }
        return !["OK", "NO", "BAD", "BYE", "PREAUTH"].contains { ASCII.equalIgnoringCase(word, $0.utf8) }
    }

    func notAResponse(_ error: IMAPSyntaxError, _ frame: [UInt8]) -> IMAPClientError {
        let start = max(0, error.offset - Self.shownOctets / 2)
        return fail(.notAResponse(error, response: Array(frame.dropFirst(start).prefix(Self.shownOctets))))
    }

    func parse(_ frame: [UInt8]) throws(IMAPClientError) -> Response {
        do throws(IMAPSyntaxError) {
            return try ResponseParser.parse(frame, textForm: textForm, takesExtensions: true)
        } catch {
            throw notAResponse(error, frame)
        }
    }

    // MARK: What it means

    /// Takes what a response says of the session; throws what may not come now.
    func note(_ response: Response) throws(IMAPClientError) {
        do throws(IMAPClientError) { try take(response) } catch { throw fail(error) }
    }

    private func take(_ response: Response) throws(IMAPClientError) {
        switch response {
        case .tagged(let tag, let status): try finish(tag, status)
        case .untagged(let status):
            guard status.condition != .preauth else { throw .unexpected("PREAUTH behind the greeting") }
            if status.condition == .bye { farewell = status }
            note(capabilitiesIn: status.code)
            try mailbox?.note(response)
        case .capability(let words): capabilities = Set(words.map { $0.uppercased() })
        case .enabled(let words): enabled.formUnion(words.map { $0.uppercased() })
        case .exists, .recent, .fetch, .flags, .vanished, .uidFetch:
            guard mailbox != nil else { throw .unexpected("news of a mailbox while none is selected") }
            try mailbox?.note(response)
        case .expunge:
            guard mailbox != nil else { throw .unexpected("EXPUNGE while no mailbox is selected") }
            try checkExpunge()
            try mailbox?.note(response)
        case .continuation: throw .unexpected("+ that nothing asked for")
        default: break
        }
    }

    private func finish(_ tag: [UInt8], _ status: StatusResponse) throws(IMAPClientError) {
        guard let place = pending.firstIndex(where: { $0.tag == tag }) else {
            throw .unexpected("an answer to \(String(decoding: tag, as: UTF8.self)), which was not sent")
        }
        pending.remove(at: place)
        finished[tag] = status
        note(capabilitiesIn: status.code)
        mailbox?.note(status.code)
    }

    /// Sequence numbers hold still while nothing is asked, and while all that is asked uses them (RFC 9051 §7.5.1).
    private func checkExpunge() throws(IMAPClientError) {
        let isHeld = pending.allSatisfy { $0.traits.contains(.holdsExpunges) && !$0.isUID }
        guard !isHeld else {
            throw .unexpected("EXPUNGE " + (pending.isEmpty ? "without a command" : "during FETCH, STORE or SEARCH"))
        }
    }
}
