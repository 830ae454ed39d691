// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import POP3Wire

/// Any bytes as what a POP3 server sends: status lines and rows are read or refused with a place in them, and a
/// multi-line response gives the same wherever it is cut.
@main
enum FuzzPOP3Replies {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let line = Array(line)
            do throws(POP3ReplyError) { _ = try POP3StatusLine(parsing: line) } catch {
                precondition(error.offset <= line.count)
            }
            do throws(POP3ReplyError) { _ = try POP3Row.numbers(line) } catch {
                precondition(error.offset <= line.count)
            }
            do throws(POP3ReplyError) { _ = try POP3Row.uniqueID(line) } catch {
                precondition(error.offset <= line.count)
            }
        }
        let whole = unstuffed(input, cutting: max(1, input.count))
        precondition(whole == unstuffed(input, cutting: 1 + Int(input.first ?? 0) % 7))
    }

    /// What came out, how much was taken, and whether it was valid up to there.
    nonisolated static func unstuffed(_ input: [UInt8], cutting size: Int) -> [[UInt8]] {
        var unstuffer = DotUnstuffer()
        var output: [UInt8] = []
        var taken = 0
        while taken < input.count, !unstuffer.isComplete {
            let chunk = Array(input[taken..<min(input.count, taken + size)])
            do throws(POP3ReplyError) { taken += try unstuffer.decode(chunk, into: &output) } catch {
                return [output, Array("\(taken + error.offset)".utf8), [0]]
            }
        }
        return [output, Array("\(taken)".utf8), [1]]
    }
}
