// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import Testing

@Suite struct PasswordHashTests {
    /// "secret1" in the schemes of crypt(5).
    @Test(arguments: [
        "$1$saltsalt$2HM3oGhH6VPi/5dxZ798f/",
        "$5$saltsalt$8VBBREjG0kRWUnKxqezT1iBXvHxS01jsGW1C32lutm5",
        "$6$saltsalt$jCP90RmSIIja2o9FRs25ASQaR1lMN6uKHmNcHaoNCpAXgV3n5NfAlQdZQcvMVQO1BTCOFF0LzoHFZBt9E45NW0",
        "$2b$04$abcdefghijklmnopqrstuuCHf7DUmNUvMBdGje9JveOQe49tH5xFK",
        "$7$BU..../....abcdefgh$76Laf9eV7f5SOwjwRSQk0l3JQtlYFMIuMmG2RxNWJ29",
        "$y$j9T$abcdefgh$s0iOlOrF3vbZAeTFGlMWsHSyKb6UdOK10ouAG9QAZw.",
        "$gy$j9T$abcdefgh$u3.uh8Lf.h2kvozAkuCpf9HAQt.SmXl66.PmhTyYvR6",
        "$3$$b39a61f16a4e11fa80580241f1d4aae8",
        "abmizb72ph5go",
        "_J9..rasmwCqMutz9VOM",
        "{BLF-CRYPT}$2b$04$abcdefghijklmnopqrstuuCHf7DUmNUvMBdGje9JveOQe49tH5xFK",
        "{CRYPT}$1$saltsalt$2HM3oGhH6VPi/5dxZ798f/",
    ])
    func everySchemeIsRead(_ text: String) throws {
        let hash = try #require(PasswordHash(imported: text))
        #expect(hash.matches(Array("secret1".utf8)))
        #expect(!hash.matches(Array("secret2".utf8)))
        #expect(!hash.matches([]))
        #expect(!hash.matches(Array("secret1".utf8) + [0]))
    }

    @Test(arguments: [
        "", "secret1", "*", "!", "*0", "x", "$1$saltsalt$", "$y$j9T$abcdefgh$", "$zz$abc$def", "{PLAIN}secret1",
        "{SHA}0Pu3gy3CZB6YrwA2HnEW2NAvJy8=", "$1$salt:salt$2HM3oGhH6VPi/5dxZ798f/",
        "$1$saltsalt$2HM3oGhH6VPi/5dxZ798f/ ",
        String(repeating: "a", count: 5000),
    ])
    func whatIsNoHashIsRefused(_ text: String) { #expect(PasswordHash(imported: text) == nil) }

    @Test func newOnesAreYescryptAndSalted() throws {
        let password = Array("pass wörd".utf8)
        let first = try #require(PasswordHash(of: password))
        let second = try #require(PasswordHash(of: password))
        #expect(first.text.hasPrefix("$y$"))
        #expect(first != second)
        #expect(first.matches(password) && second.matches(password))
        #expect(PasswordHash(imported: first.text) == first)
        #expect("\(first)" == "$y$...")
    }

    @Test func boundsOfPasswords() {
        #expect(PasswordHash(of: []) == nil)
        #expect(PasswordHash(of: [0x61, 0, 0x62]) == nil)
        #expect(PasswordHash(of: [UInt8](repeating: 0x61, count: 512)) == nil)
        #expect(
            PasswordHash(of: [UInt8](repeating: 0x61, count: 511))?.matches([UInt8](repeating: 0x61, count: 511))
                == true
        )
        #expect(PasswordHash(of: [0xFF, 0xFE])?.matches([0xFF, 0xFE]) == true)
    }
}
