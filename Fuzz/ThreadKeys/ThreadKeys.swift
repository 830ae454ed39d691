// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailStore

/// Any bytes as the header of a message: a bounded number of keys, and a root exactly when there is one.
@main
enum FuzzThreadKeys {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let found = unsafe ThreadKeys(input.span.bytes)
        precondition(found.keys.count <= 21)
        precondition(found.keys.isEmpty == (found.root == nil))
    }
}
