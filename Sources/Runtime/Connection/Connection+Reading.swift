// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import Glibc

extension Connection {
    /// Most that is discarded of one overlong line before the connection is given up.
    private static let discardLimit = 64 << 20

    /// The next line, without its LF or CRLF; `nil` at a clean end (a last line without terminator is dropped: the peer
    /// died in the middle of it).
    ///
    /// A longer line is read to its end and then `.lineTooLong` is thrown; `longLineStart` and
    /// `longLineEnd` have the first and the last of it.
    package func readLine(maximum: Int) async throws(IOError) -> Line? {
        while true {
            if let line = try await bufferedLine(maximum) { return line }
            guard try await fill() else { return nil }
        }
    }

    /// As `readLine`, but also returns when the connection's notifier was poked.
    package func nextInput(maximum: Int) async throws(IOError) -> Input {
        while true {
            if let line = try await bufferedLine(maximum) { return .line(line) }
            switch try await fillOrNotice() {
            case .some(true): continue
            case .some(false): return .end
            case .none: return .notified
            }
        }
    }

    /// A whole line out of the buffer; `nil` when none is whole yet.
    private func bufferedLine(_ maximum: Int) async throws(IOError) -> Line? {
        let longest = maximum.addingReportingOverflow(2)
        guard let length = input.lineEnd(within: longest.overflow ? .max : longest.partialValue) else {
            guard input.count > maximum, !longest.overflow, input.count >= longest.partialValue else { return nil }
            try await discardLine()
            throw .lineTooLong
        }
        var bytes = input.take(length + 1)
        bytes.removeLast()
        let endsWithCRLF = bytes.last == 0x0D
        if endsWithCRLF { bytes.removeLast() }
        guard bytes.count <= maximum else {
            longLineStart = Array(bytes.prefix(Self.longLineStartOctets))
            longLineEnd = Array(bytes.suffix(Self.longLineEndOctets))
            throw .lineTooLong
        }
        return Line(bytes: bytes, endsWithCRLF: endsWithCRLF)
    }

    private func discardLine() async throws(IOError) {
        var discarded = 0
        (longLineStart, longLineEnd) = ([], [])
        while true {
            if let length = input.lineEnd(within: .max) {
                noteLongLine(input.take(length + 1).dropLast())
                if longLineEnd.last == 0x0D { longLineEnd.removeLast() }
                return
            }
            discarded += input.count
            noteLongLine(input.take(input.count)[...])
            guard discarded <= Self.discardLimit else { throw .closed }
            guard try await fill() else { throw .closed }
        }
    }

    private func noteLongLine(_ piece: ArraySlice<UInt8>) {
        longLineStart += piece.prefix(Self.longLineStartOctets - longLineStart.count)
        // One more than is wanted: the line may end with CR.
        longLineEnd = Array((longLineEnd + piece.suffix(Self.longLineEndOctets + 1)).suffix(Self.longLineEndOctets + 1))
    }

    /// Between 1 and `maximum` bytes, as they come; empty at the end of the stream.
    package func readSome(maximum: Int) async throws(IOError) -> [UInt8] {
        if input.isEmpty, try await !fill() { return [] }
        return input.take(min(max(maximum, 1), input.count))
    }

    /// As `readSome`, but also returns, with `nil`, when the connection's notifier was poked.
    package func readSomeOrNotice(maximum: Int) async throws(IOError) -> [UInt8]? {
        if input.isEmpty {
            switch try await fillOrNotice() {
            case .some(true): break
            case .some(false): return []
            case .none: return nil
            }
        }
        return input.take(min(max(maximum, 1), input.count))
    }

    /// Exactly `count` bytes.
    ///
    /// The caller bounds `count`.
    package func readExactly(_ count: Int) async throws(IOError) -> [UInt8] {
        while input.count < count {
            guard try await fill() else { throw .closed }
        }
        return count > 0 ? input.take(count) : []
    }

    /// Waits for at least one byte, shows `body` all that is buffered, and drops as much as it says it consumed.
    ///
    /// `nil` at the end of the stream. `body` must consume something, or the next call waits for more.
    package func withAvailable<Result>(
        waitForMore: Bool = false,
        _ body: (RawSpan) -> (consumed: Int, result: Result)
    ) async throws(IOError) -> Result? {
        if input.isEmpty || waitForMore {
            guard try await fill() else { return nil }
        }
        let start = input.start
        let (consumed, result) = unsafe input.bytes.withUnsafeBytes { raw in
            body(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(rebasing: raw[start...])))
        }
        input.consume(consumed)
        return result
    }

    /// Bytes that came and are not consumed: more than none means that the peer pipelines.
    package var bufferedCount: Int { input.count }

    /// As `bufferedCount`, after taking in what has come in the meantime; never waits.
    ///
    /// A failure shows at the next read.
    package var arrivedCount: Int {
        if input.isEmpty, isOpen { _ = try? receive() }
        return input.count
    }

    /// Takes what is buffered, without waiting.
    package func takeBuffered() -> [UInt8] { input.isEmpty ? [] : input.take(input.count) }

    /// What can be had without waiting: `nil` when there is nothing now, empty at the end of the stream.
    package func readAvailable() throws(IOError) -> [UInt8]? {
        if !input.isEmpty { return takeBuffered() }
        return taken(after: try receive())
    }

    /// As above, as far as the loop has told: the kernel is not asked when the last read found all there was, and nothing
    /// came since.
    ///
    /// Who gets `nil` has to wait for input before asking again, or never hears of it.
    package func readArrived() throws(IOError) -> [UInt8]? {
        if !input.isEmpty { return takeBuffered() }
        return taken(after: try receiveArrived())
    }

    private func taken(after receipt: Receipt) -> [UInt8]? {
        switch receipt {
        case .bytes: takeBuffered()
        case .end: []
        case .wantsRead, .wantsWrite: nil
        }
    }

    /// Flushes, then waits until more is buffered; false at the end of the stream.
    func fill() async throws(IOError) -> Bool {
        // Without notices the answer is never nil.
        try await fill(noticing: false) ?? false
    }

    private func fillOrNotice() async throws(IOError) -> Bool? { try await fill(noticing: true) }

    private func fill(noticing: Bool) async throws(IOError) -> Bool? {
        try await flush()
        while true {
            let events: Int32
            switch try receiveArrived() {
            case .bytes: return true
            case .end: return false
            case .wantsRead: events = readable
            case .wantsWrite: events = readable | writable
            }
            switch await park(for: events, noticing: noticing) {
            case .ready: continue
            case .notified: return nil
            case let other: throw other.error
            }
        }
    }

    enum Receipt { case bytes, end, wantsRead, wantsWrite }

    /// As `receive`, but leaves the kernel alone when it would find nothing; a wait for input has to follow then.
    private func receiveArrived() throws(IOError) -> Receipt {
        // Of what TLS and zlib hold the loop does not know.
        guard !wait.mayHaveInput, deflate == nil, !hasPending else { return try receive() }
        guard isOpen else { throw .closed }
        return .wantsRead
    }

    /// One attempt to read into the buffer.
    func receive() throws(IOError) -> Receipt {
        while true {
            if dropDeflateIfEnded() { return .bytes }
            guard let deflate else { return try receivePlain() }
            if try inflateInput(deflate) { return .bytes }
            if deflate.isEnding, deflate.inflater.isAtBoundary { continue }
            let before = input
            input = InputBuffer()
            defer { input = before }
            let receipt = try receivePlain()
            guard case .bytes = receipt else { return receipt }
            unsafe input.bytes.withUnsafeBytes { unsafe deflate.inflater.add($0) }
        }
    }

    private func receivePlain() throws(IOError) -> Receipt {
        do throws(IOError) {
            let receipt = try receiveOnce()
            switch receipt {
            case .bytes, .wantsWrite: break
            case .wantsRead: wait.noteEmpty()
            // TLS says it to whoever asks, and the descriptor not again.
            case .end: wait.noteEnd()
            }
            return receipt
        } catch {
            wait.noteEnd()
            throw error
        }
    }

    private func receiveOnce() throws(IOError) -> Receipt {
        guard isOpen else { throw .closed }
        let scratch = unsafe loop.confined.scratch
        if let stream { return try unsafe stream.read(into: &input, scratch: scratch) }
        while true {
            let count = unsafe recv(fd, scratch.baseAddress, scratch.count, 0)
            if count > 0 {
                if count == scratch.count { wait.noteInput() } else { wait.noteEmpty() }
                unsafe input.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<count]))
                return .bytes
            }
            if count == 0 { return .end }
            if errno == EAGAIN || errno == EWOULDBLOCK { return .wantsRead }
            if errno != EINTR { throw .last("recv") }
        }
    }

    /// Whether there may be more to be had than the descriptor tells of.
    var hasPending: Bool { (stream?.hasPending ?? false) || (deflate?.inflater.hasPending ?? false) }
}
