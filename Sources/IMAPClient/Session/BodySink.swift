// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
package import MailTypes

/// A body whose octets come piece by piece.
package struct StreamedBody: Sendable, Hashable {
    /// The message, as the FETCH response names it.
    package var number: SequenceNumber
    /// Where the response had it before the body.
    package var uid: UID?
    /// Which part it is, without its octets.
    package var item: FetchValue
    /// Octets in all.
    package var size: UInt64
}

/// Takes the octets of a body as they come; a call without octets ends each body.
package typealias BodySink = (_ body: StreamedBody, _ octets: [UInt8]) async -> Void

extension StreamedBody {
    /// The body that follows `frame`, which ends with the announcement of a literal; `nil` when that is no body.
    ///
    /// A FETCH response that ends in NIL where the literal stands is valid, and its last item is the body.
    init?(after frame: [UInt8], size: UInt64, textForm: TextForm) {
        guard var end = frame.lastIndex(of: 0x7B) else { return nil }
        if end > 0, frame[end - 1] == 0x7E { end -= 1 }
        do throws(IMAPSyntaxError) {
            let closed = frame[..<end] + Array("NIL)".utf8)
            let response = try ResponseParser.parse(Array(closed), textForm: textForm, takesExtensions: true)
            self.init(response, size: size)
        } catch {
            return nil
        }
    }

    private init?(_ response: Response, size: UInt64) {
        guard case .fetch(let number, let values) = response, let last = values.last, last.isBody else { return nil }
        self.number = number
        self.size = size
        item = last
        for case .uid(let uid) in values { self.uid = uid }
    }
}

extension FetchValue {
    /// Whether its octets are those of a message.
    var isBody: Bool {
        switch self {
        case .section, .binary, .legacy: true
        default: false
        }
    }

    /// What is there of a body.
    package var bodyOctets: [UInt8]? {
        switch self {
        case .section(_, _, let octets), .binary(_, _, let octets), .legacy(_, let octets): octets
        default: nil
        }
    }
}
