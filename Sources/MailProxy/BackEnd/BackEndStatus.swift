// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The line with which a back-end answers an assertion: `+OK`, or `-ERR [CODE] text`.
package enum BackEndStatus: Sendable, Hashable {
    case ready
    case refused(BackEndRefusal)

    /// Octets of the line without its line end.
    package static let maximumLineOctets = 512

    /// With its CRLF.
    package var line: [UInt8] {
        switch self {
        case .ready: Array("+OK\r\n".utf8)
        case .refused(let refusal):
            Array(
                "-ERR [\(refusal.code.rawValue)] \(refusal.text)".utf8.map { ASCII.isControl($0) ? 0x3F : $0 }
                    .prefix(Self.maximumLineOctets)
            ) + [ASCII.cr, ASCII.lf]
        }
    }

    /// `nil` when the line is neither.
    package init?(parsing line: [UInt8]) {
        if line.elementsEqual("+OK".utf8) {
            self = .ready
            return
        }
        let prefix = Array("-ERR [".utf8)
        guard line.starts(with: prefix), let end = line.firstIndex(of: 0x5D) else { return nil }
        let name = String(decoding: line[prefix.count..<end], as: UTF8.self)
        guard let code = BackEndRefusal.Code(rawValue: name) else { return nil }
        let text = line[(end + 1)...].drop { $0 == ASCII.space }
        self = .refused(BackEndRefusal(code, String(decoding: text, as: UTF8.self)))
    }
}

/// Why a back-end does not open a session.
package struct BackEndRefusal: Error, Sendable, Hashable {
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// The account could not be had in time: `NO [INUSE]`, `-ERR [IN-USE]`.
        case inUse = "IN-USE"
        /// `NO [UNAVAILABLE]`, `-ERR [SYS/TEMP]`.
        case temporary = "SYS/TEMP"
        /// `NO [CONTACTADMIN]`, `-ERR [SYS/PERM]`.
        case permanent = "SYS/PERM"
        /// The assertion does not count. To the client that is a temporary fault of ours.
        case assertion = "ASSERTION"
        /// This worker is going away and another will be there in a moment: the front-end tries again.
        case restarting = "RESTARTING"
    }

    package var code: Code
    /// For the client: one line.
    package var text: String

    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }
}
