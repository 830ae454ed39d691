// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CStringPrep

/// SASLprep (RFC 4013): the one form of a password or name that both ends of SCRAM compute with.
enum SASLprep {
    /// The prepared octets.
    ///
    /// `nil` when they are not UTF-8, hold what is prohibited, or nothing is left of them.
    static func prepare(_ octets: [UInt8]) -> [UInt8]? {
        guard !octets.isEmpty, octets.count <= 1024, !octets.contains(0) else { return nil }
        if octets.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return octets }
        guard String(validating: octets, as: UTF8.self) != nil else { return nil }
        // Compatibility forms grow, at most eighteenfold (U+FDFA).
        var buffer = octets.map { CChar(bitPattern: $0) } + [CChar](repeating: 0, count: octets.count * 18 + 1)
        guard unsafe CStringPrep_saslprep(&buffer, buffer.count, 1) == 0 else { return nil }
        let prepared = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return prepared.isEmpty ? nil : prepared
    }
}
