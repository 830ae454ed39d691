// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Testing

@Suite struct OctetSearchTests {
    @Test("finds what a plain search finds, from every start", arguments: ["", "a", ".a", "a.b..c.", "....."])
    func finds(_ text: String) {
        let octets = Array(text.utf8)
        for start in 0...octets.count + 2 {
            let found = unsafe octets.withUnsafeBytes { unsafe OctetSearch.first(ASCII.dot, in: $0, from: start) }
            #expect(found == octets.indices.dropFirst(start).first { octets[$0] == ASCII.dot })
        }
    }
}
