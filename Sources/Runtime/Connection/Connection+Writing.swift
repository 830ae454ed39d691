// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Compression
internal import Glibc

extension Connection {
    /// From this much on, `send` flushes.
    private static let highWater = 64 * 1024

    /// Gathers bytes; they leave at the next flush or wait for input.
    package func write(_ bytes: [UInt8]) {
        if output.isEmpty { output = bytes } else { output.append(contentsOf: bytes) }
    }

    package func write(_ bytes: ArraySlice<UInt8>) { output.append(contentsOf: bytes) }

    package func write(_ text: String) { output.append(contentsOf: text.utf8) }

    package func write(_ text: StaticString) {
        text.withUTF8Buffer { unsafe output.append(contentsOf: $0) }
    }

    /// Gathers bytes and flushes when much is gathered: for loops that write a lot.
    package func send(_ bytes: [UInt8]) async throws(IOError) {
        write(bytes)
        if output.count >= Self.highWater { try await flush() }
    }

    package func send(_ bytes: ArraySlice<UInt8>) async throws(IOError) {
        write(bytes)
        if output.count >= Self.highWater { try await flush() }
    }

    /// Bytes that are gathered and not yet sent.
    package var unsentCount: Int { output.count }

    /// Sends what is gathered, waiting for the peer as long as it takes something within `idleTimeout`.
    ///
    /// After it has failed every other flush throws `.closed`: what comes would stand in the middle of what was lost,
    /// and the peer would take it for a part of that.
    package func flush() async throws(IOError) {
        guard !output.isEmpty else { return }
        guard !isOutputCut else {
            output = []
            throw .closed
        }
        if deflate?.isEnding == false {
            guard let compressed = Deflate.compress(output) else { throw .closed }
            output = compressed
        }
        var sent = 0
        defer {
            isOutputCut = sent < output.count
            output = []
        }
        while sent < output.count {
            switch try transmit(from: sent) {
            case .sent(let count): sent += count
            case .wantsWrite: try await waitWritable(writable)
            case .wantsRead: try await waitWritable(readable | writable)
            }
        }
    }

    /// Sends what the peer takes at once, and waits for nothing: for whoever holds what others wait for.
    ///
    /// What is then unsent stays gathered; all of it where it is to be compressed.
    package func flushWithoutWaiting() throws(IOError) {
        guard !isOutputCut, deflate?.isEnding != false else { return }
        var sent = 0
        defer { output.removeFirst(sent) }
        while sent < output.count, case .sent(let count) = try transmit(from: sent) { sent += count }
    }

    /// As `flush`, but returns early, with `false`, once the peer has sent something: for peers that may have to say
    /// something before they have read all.
    ///
    /// What is then unsent stays gathered. Throws `.closed` when the peer has ended its side.
    package func flushUnlessInput() async throws(IOError) -> Bool {
        var sent = 0
        defer { output.removeFirst(sent) }
        while sent < output.count {
            guard input.isEmpty else { return false }
            let events: Int32
            switch try transmit(from: sent) {
            case .sent(let count):
                sent += count
                continue
            case .wantsWrite: events = readable | writable
            case .wantsRead: events = readable
            }
            switch try receive() {
            case .bytes: return false
            case .end: throw .closed
            case .wantsRead, .wantsWrite: try await waitWritable(events)
            }
        }
        return true
    }

    private func waitWritable(_ events: Int32) async throws(IOError) {
        let wasDeferring = defersShutdown
        defersShutdown = true
        defer { defersShutdown = wasDeferring }
        let wake = await park(for: events)
        guard case .ready = wake else { throw wake.error }
    }

    enum Transmission { case sent(Int), wantsRead, wantsWrite }

    private func transmit(from offset: Int) throws(IOError) -> Transmission {
        guard isOpen else { throw .closed }
        if let stream { return try stream.write(output, from: offset) }
        while true {
            let count = unsafe output.withUnsafeBytes { raw in
                unsafe Glibc.send(fd, raw.baseAddress.map { unsafe $0 + offset }, raw.count - offset, noSignal)
            }
            if count >= 0 { return .sent(count) }
            if errno == EAGAIN || errno == EWOULDBLOCK { return .wantsWrite }
            if errno != EINTR { throw .last("send") }
        }
    }
}
