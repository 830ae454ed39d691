// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire

extension POP3ClientSession {
    /// Octets of each message by its number (RFC 1939 §5).
    package func list() async throws(POP3ClientError) -> [Int: UInt64] {
        _ = try await ask(.list(nil))
        var sizes: [Int: UInt64] = [:]
        try await rows { (row) throws(POP3ReplyError) in
            let (number, size) = try POP3Row.numbers(row)
            guard number > 0, sizes.updateValue(size, forKey: number) == nil else {
                throw POP3ReplyError(offset: 0, expected: "a message number that was not yet there")
            }
        }
        return sizes
    }
}
