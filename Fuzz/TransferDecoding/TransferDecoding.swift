// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Base64 and quoted-printable: the same octets come out however the input is cut.
@main
enum FuzzTransferDecoding {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let first = input.first else { return }
        let text = Array(input.dropFirst())
        let cut = min(text.count, Int(first))
        var base64 = Base64Decoder()
        var quoted = QuotedPrintableDecoder()
        var fromBase64: [UInt8] = []
        var fromQuoted: [UInt8] = []
        for piece in [text[..<cut], text[cut...]] {
            base64.decode(Array(piece), into: &fromBase64)
            quoted.decode(Array(piece), into: &fromQuoted)
        }
        base64.finish(into: &fromBase64)
        quoted.finish(into: &fromQuoted)
        precondition(fromBase64 == Base64Decoder.decode(text))
        precondition(fromQuoted == QuotedPrintableDecoder.decode(text))
        precondition(fromQuoted.count <= text.count && fromBase64.count <= text.count)
    }
}
