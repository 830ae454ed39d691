// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import AdminAPI
import FuzzDriver

/// Chunks and items: any octets are data or refused, and the same however they are cut.
@main
enum FuzzAdminStream {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        var whole = ChunkedDecoder()
        let atOnce = whole.decode(input)
        var cut = ChunkedDecoder()
        var piecewise: [UInt8]? = []
        for octet in input {
            guard let some = cut.decode([octet]) else {
                piecewise = nil
                break
            }
            piecewise? += some
        }
        precondition((atOnce == nil) == (piecewise == nil))
        if let atOnce, let piecewise { precondition(atOnce == piecewise && whole.isDone == cut.isDone) }
        precondition(items(input, pieces: input.count) == items(input, pieces: 1))
    }

    /// How many items there are, and whether the end is one of a stream; `nil` for what is refused.
    private nonisolated static func items(_ input: [UInt8], pieces: Int) -> [Int]? {
        var decoder = AdminItemDecoder()
        var (heads, octets) = (0, 0)
        for start in stride(from: 0, to: input.count, by: max(1, pieces)) {
            decoder.add(Array(input[start..<min(start + max(1, pieces), input.count)]))
            do {
                while let item = try decoder.next() {
                    switch item {
                    case .head: heads += 1
                    case .octets(let some): octets += some.count
                    }
                }
            } catch { return nil }
        }
        return [heads, octets, decoder.isComplete ? 1 : 0]
    }
}
