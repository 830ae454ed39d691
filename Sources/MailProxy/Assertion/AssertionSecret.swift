// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime

/// The secret that front-ends and back-ends of an instance share, with which assertions are signed.
package struct AssertionSecret: Sendable {
    package static let octets = 32
    private let bytes: [UInt8]

    /// `nil` unless there are 32 octets.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.octets else { return nil }
        self.bytes = bytes
    }

    func sign(_ message: [UInt8]) -> [UInt8] { Digest.hmacSHA256(key: bytes, message) }
}
