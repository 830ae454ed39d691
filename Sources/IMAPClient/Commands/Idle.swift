// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
internal import Runtime

/// Why an IDLE ended.
package enum IdleEnd: Sendable, Hashable {
    /// `each` wanted it.
    case satisfied
    /// The session's interrupter was poked.
    case interrupted
    /// The time was over.
    case timedOut
}

extension IMAPClientSession {
    /// Waits for news (RFC 9051 §6.3.13) until `each` says that it has enough, the interrupter is poked, or the time is
    /// over; then says DONE and waits for the answer.
    ///
    /// - Parameters:
    ///   - duration: at most 29 minutes, behind which servers may log a client out.
    ///   - each: is given every response; whether it has enough.
    package func idle(
        for duration: Duration = .seconds(29 * 60),
        each: (Response) -> Bool
    ) async throws(IMAPClientError) -> IdleEnd {
        let limit = ContinuousClock.now + min(duration, .seconds(29 * 60))
        var isSatisfied = false
        let tag = try await beginIdle { isSatisfied = each($0) || isSatisfied }
        var end = isSatisfied ? IdleEnd.satisfied : nil
        while end == nil { end = try await news(until: limit, each) }
        try await endIdle(tag) { _ = each($0) }
        return end ?? .satisfied
    }

    /// Begins an IDLE and returns when the server waits: for those who have something else to do meanwhile.
    package func beginIdle(each: (Response) -> Void = { _ in }) async throws(IMAPClientError) -> IMAPCommandTag {
        guard offers("IDLE") || offers("IMAP4REV2") else { throw .missing("IDLE") }
        guard pending.isEmpty else { throw .busy }
        let tag = try await send(IdleCommand())
        try await begin(tag, each)
        return tag
    }

    /// Says DONE and waits for the answer.
    package func endIdle(
        _ tag: IMAPCommandTag,
        each: (Response) -> Void = { _ in }
    ) async throws(IMAPClientError) {
        connection.write("DONE\r\n")
        let status = try await answer(to: tag, each: each)
        guard status.condition == .ok else { throw .refused(status) }
    }

    /// Up to the server's `+`.
    private func begin(_ tag: IMAPCommandTag, _ each: (Response) -> Void) async throws(IMAPClientError) {
        while true {
            let response = try parse(try await readFrame())
            if case .continuation = response { return }
            try note(response)
            if let status = finished.removeValue(forKey: tag.octets) {
                guard status.condition != .ok else { throw fail(.unexpected("OK to IDLE before DONE")) }
                throw .refused(status)
            }
            each(response)
        }
    }

    /// One response during an IDLE, or why none is waited for any more.
    package func news(
        until limit: ContinuousClock.Instant,
        _ each: (Response) -> Bool
    ) async throws(IMAPClientError) -> IdleEnd? {
        connection.idleTimeout = max(.milliseconds(1), ContinuousClock.now.duration(to: limit))
        let input: Input
        defer { connection.idleTimeout = limits.wait }
        do throws(IOError) { input = try await connection.nextInput(maximum: limits.frameOctets) } catch {
            if error == .timedOut { return .timedOut }
            throw fail(.io(error))
        }
        switch input {
        case .notified: return .interrupted
        case .end: throw fail(.io(.closed))
        case .line(let line):
            let response = try parse(try await frame(beginningWith: line))
            try note(response)
            guard !pending.isEmpty else { throw fail(.unexpected("the end of IDLE before DONE")) }
            return each(response) ? .satisfied : nil
        }
    }

    private func frame(beginningWith line: Line) async throws(IMAPClientError) -> [UInt8] {
        var assembler = FrameAssembler()
        if let frame = try await add(line, to: &assembler) { return frame }
        return try await readRest(of: &assembler)
    }
}
