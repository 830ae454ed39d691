// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Compression
import FuzzDriver

/// Any octets as a stream of DEFLATE, cut anywhere: an error, or octets within the bound; and what is compressed comes
/// back.
@main
enum FuzzDeflateStream {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let inflater = Inflater(), let again = Inflater() else { return }
        var rest = input[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int(rest[rest.startIndex]) + 1))
            rest = rest.dropFirst(piece.count)
            unsafe piece.withUnsafeBytes { unsafe inflater.add($0) }
            guard drain(inflater, most: 100) != nil else { break }
        }
        guard let compressed = Deflate.compress(input) else { return }
        unsafe compressed.withUnsafeBytes { unsafe again.add($0) }
        precondition(drain(again, most: input.count) == input)
    }

    nonisolated static func drain(_ inflater: Inflater, most: Int) -> [UInt8]? {
        var whole: [UInt8] = []
        while inflater.hasPending, whole.count < most {
            guard let octets = try? inflater.read(maximum: 64) else { return nil }
            precondition(octets.count <= 64)
            if octets.isEmpty { break }
            whole += octets
        }
        return whole
    }
}
