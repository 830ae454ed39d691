// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Testing

@Suite struct OctetOrderTests {
    private static let texts = ["", "\u{0}", "a", "a\u{0}", "aa", "ab", "b", "\u{7F}", "\u{80}", "\u{FF}b"]

    @Test("is that of octets without a sign, and what another begins with comes first", arguments: texts, texts)
    func order(_ first: String, _ second: String) {
        let (a, b) = (Array(first.utf8), Array(second.utf8))
        let found = unsafe a.withUnsafeBytes { one in
            unsafe b.withUnsafeBytes { other in unsafe OctetOrder.compare(one, other) }
        }
        #expect((found < 0) == a.lexicographicallyPrecedes(b))
        #expect((found == 0) == (a == b))
    }
}
