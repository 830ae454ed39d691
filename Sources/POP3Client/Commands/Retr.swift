// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import POP3Wire
internal import Runtime

extension POP3ClientSession {
    /// Takes the octets of a message as they come; a call without octets ends each message.
    package typealias MessageSink = (_ number: Int, _ octets: [UInt8]) async -> Void

    /// Reads messages (RFC 1939 §5), with several commands ahead of their answers where the server allows it.
    ///
    /// The octets end with the CRLF that every message has in POP3, also where the server added it.
    ///
    /// - Returns: the negative answers, by message number.
    @discardableResult
    package func retrieve(_ numbers: [Int], _ sink: MessageSink) async throws(POP3ClientError) -> [Int: POP3StatusLine]
    {
        try await retrieve(numbers.map { ($0, .retr($0)) }, sink)
    }

    /// Reads the headers of messages and so many lines of their bodies (RFC 1939 §7 TOP).
    ///
    /// - Returns: the negative answers, by message number.
    @discardableResult
    package func top(
        _ numbers: [Int],
        lines: UInt64,
        _ sink: MessageSink
    ) async throws(POP3ClientError) -> [Int: POP3StatusLine] {
        try await retrieve(numbers.map { ($0, .top($0, lines: lines)) }, sink)
    }

    private func retrieve(
        _ commands: [(Int, POP3Command)],
        _ sink: MessageSink
    ) async throws(POP3ClientError) -> [Int: POP3StatusLine] {
        let window = offers("PIPELINING") ? POP3ClientLimits.window : 1
        var refused: [Int: POP3StatusLine] = [:]
        var sent = 0
        for (place, (number, _)) in commands.enumerated() {
            while sent < commands.count, sent < place + window {
                connection.write(commands[sent].1.encoded)
                sent += 1
            }
            let status = try await statusLine()
            if status.isPositive {
                try await body { octets in await sink(number, octets) }
            } else {
                refused[number] = status
            }
        }
        return refused
    }

    private func body(_ take: ([UInt8]) async -> Void) async throws(POP3ClientError) {
        var unstuffer = DotUnstuffer()
        while !unstuffer.isComplete {
            let outcome: Result<[UInt8], POP3ReplyError>?
            do throws(IOError) {
                outcome = try await connection.withAvailable { octets in Self.decode(octets, &unstuffer) }
            } catch {
                throw fail(.io(error))
            }
            switch outcome {
            case .success(let octets): if !octets.isEmpty { await take(octets) }
            case .failure(let error): throw fail(.notAReply(error, line: []))
            case nil: throw fail(.io(.closed))
            }
        }
        await take([])
    }

    private static func decode(
        _ octets: RawSpan,
        _ unstuffer: inout DotUnstuffer
    ) -> (consumed: Int, result: Result<[UInt8], POP3ReplyError>) {
        let chunk = unsafe octets.withUnsafeBytes { unsafe Array($0.prefix(POP3ClientLimits.pieceOctets)) }
        var output: [UInt8] = []
        output.reserveCapacity(chunk.count)
        do throws(POP3ReplyError) {
            let taken = try unstuffer.decode(chunk, into: &output)
            return (taken, .success(output))
        } catch {
            return (chunk.count, .failure(error))
        }
    }
}
