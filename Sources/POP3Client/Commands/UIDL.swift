// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire

extension POP3ClientSession {
    /// The unique-id of each message by its number (RFC 1939 §7).
    package func uniqueIDs() async throws(POP3ClientError) -> [Int: [UInt8]] {
        _ = try await ask(.uidl(nil))
        var ids: [Int: [UInt8]] = [:]
        try await rows { (row) throws(POP3ReplyError) in
            let (number, id) = try POP3Row.uniqueID(row)
            guard ids.updateValue(id, forKey: number) == nil else {
                throw POP3ReplyError(offset: 0, expected: "a message number that was not yet there")
            }
        }
        return ids
    }
}
