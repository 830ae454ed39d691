// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime

/// The octets of a whole message, wherever they are.
///
/// They never change.
package protocol MessageContent: AnyObject, Sendable {
    var size: UInt64 { get }

    /// Octets from `offset` on: at least one and at most `maximum` while `offset` is within the message.
    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8]
}
