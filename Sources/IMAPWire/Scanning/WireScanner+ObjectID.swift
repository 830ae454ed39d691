// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension WireScanner {
    // objectid = 1*255(ALPHA / DIGIT / "_" / "-")    RFC 8474 §7
    package mutating func objectID() throws(IMAPSyntaxError) -> String {
        let start = offset
        let octets = try atom("an object identifier")
        let isObjectID = octets.allSatisfy { octet in
            ASCII.isAlphanumeric(octet) || octet == 0x5F || octet == 0x2D
        }
        guard isObjectID, octets.count <= 255 else {
            throw failure("an object identifier of at most 255 letters, digits, \"_\" and \"-\"", at: start)
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
