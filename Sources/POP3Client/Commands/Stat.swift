// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire

extension POP3ClientSession {
    /// Messages that are there and not deleted, and their octets (RFC 1939 §5).
    package func stat() async throws(POP3ClientError) -> (messages: Int, octets: UInt64) {
        let line = try await ask(.stat)
        do throws(POP3ReplyError) {
            let (messages, octets) = try POP3Row.numbers(line.text)
            return (messages, octets)
        } catch {
            throw fail(.notAReply(error, line: line.text))
        }
    }
}
