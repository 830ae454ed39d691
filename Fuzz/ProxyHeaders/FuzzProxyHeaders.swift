// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import Runtime

/// Any octets as what a proxy says first: the reader never asks for nothing, never for more than a header may have, and
/// says the same of a header when it has it whole.
@main
enum FuzzProxyHeaders {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        var taken = 0
        while taken < input.count {
            switch ProxyHeader.read(Array(input.prefix(taken))) {
            case .needs(let count):
                precondition(count > 0 && taken + count <= 4096)
                taken += min(count, input.count - taken)
            case .whole(let header):
                guard case .whole(let again) = ProxyHeader.read(Array(input.prefix(taken))) else {
                    preconditionFailure("read once, and not again")
                }
                precondition(again == header)
                return
            case .invalid: return
            }
        }
    }
}
