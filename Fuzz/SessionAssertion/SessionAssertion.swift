// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import MailProxy

/// Any bytes as an assertion, and as the payload of one that is signed rightly.
@main
enum FuzzSessionAssertion {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let key = AssertionSecret([UInt8](repeating: 7, count: AssertionSecret.octets)) else { return }
        let now: Int64 = 1_800_000_000_000
        precondition((try? SessionAssertion(verifying: input, key: key, now: now)) == nil)
        let signed = SessionAssertion.signedLine("imap", payload: input, key: key)
        guard let assertion = try? SessionAssertion(verifying: signed, key: key, now: now) else { return }
        let line = assertion.line(key: key, now: now)
        precondition((try? SessionAssertion(verifying: line, key: key, now: now)) == assertion)
        _ = BackEndStatus(parsing: input)
    }
}
