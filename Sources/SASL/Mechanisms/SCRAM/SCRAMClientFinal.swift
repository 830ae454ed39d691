// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The client's last message with something in it (RFC 5802 §7).
///
/// ```
/// client-final-message-without-proof = channel-binding "," nonce ["," extensions]
/// client-final-message = client-final-message-without-proof "," proof
/// ```
struct SCRAMClientFinal: Sendable, Hashable {
    /// gs2-header and channel-binding data, decoded.
    let binding: [UInt8]
    let nonce: [UInt8]
    let proof: [UInt8]
    let withoutProof: [UInt8]

    init(_ message: [UInt8]) throws(SASLFailure) {
        let attributes = message.split(separator: SCRAM.comma, omittingEmptySubsequences: false)
        guard attributes.count >= 3, let last = attributes.last,
            let binding = SCRAM.value("c", attributes[0]).flatMap({ Base64.decode($0) }),
            let nonce = SCRAM.value("r", attributes[1]),
            let proof = SCRAM.value("p", last).flatMap({ Base64.decode($0) }),
            attributes[2..<(attributes.count - 1)].allSatisfy(SCRAM.isAttribute)
        else { throw .malformed(.notSCRAM) }
        self.binding = binding
        self.nonce = Array(nonce)
        self.proof = proof
        withoutProof = Array(message.dropLast(last.count + 1))
    }
}
