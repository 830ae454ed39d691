// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Text to look for, and looked into, made alike: without case, as UTF-8.
struct SearchText {
    let octets: [UInt8]

    init(_ text: String) {
        octets = text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.map(ASCII.lower) : Array(text.lowercased().utf8)
    }

    /// What a client sent, as UTF-8; other octets are looked for as they would be shown.
    init(argument: [UInt8]) { self.init(String(decoding: argument, as: UTF8.self)) }

    func contains(_ needle: SearchText) -> Bool {
        let (text, wanted) = (octets, needle.octets)
        guard let first = wanted.first else { return true }
        guard text.count >= wanted.count else { return false }
        for start in 0...(text.count - wanted.count) where text[start] == first {
            if text[start..<start + wanted.count].elementsEqual(wanted) { return true }
        }
        return false
    }
}
