// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why a connection could not do what was asked.
package enum IOError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The wait outlived `idleTimeout` or the connection's deadline.
    case timedOut
    /// This process is draining; say goodbye and return.
    case shutdown
    /// The peer is gone: reset, or end of stream inside something counted.
    case closed
    /// A line was longer than the caller's maximum. It was read to its end; the connection goes on.
    case lineTooLong
    /// The connection used up what it may use (see the caller's limits).
    case budgetExceeded
    /// The handshake or a record failed; the text is OpenSSL's.
    case tls(String)
    case system(errno: Int32, call: String)

    /// The last failure of a system call, unless the peer caused it.
    static func last(_ call: String) -> IOError {
        switch errno {
        case ECONNRESET, EPIPE, ENOTCONN, ESHUTDOWN: .closed
        case ETIMEDOUT: .timedOut
        case let code: .system(errno: code, call: call)
        }
    }

    package var description: String {
        switch self {
        case .timedOut: "timed out"
        case .shutdown: "shutting down"
        case .closed: "closed by peer"
        case .lineTooLong: "line too long"
        case .budgetExceeded: "budget exceeded"
        case .tls(let reason): "TLS: \(reason)"
        case .system(let code, let call): "\(call): \(unsafe String(cString: strerror(code)))"
        }
    }
}

/// A line as it came, without its terminator.
package struct Line: Sendable, Equatable {
    package var bytes: [UInt8]
    /// False when a bare LF ended it.
    package var endsWithCRLF: Bool

    package init(bytes: [UInt8], endsWithCRLF: Bool) {
        self.bytes = bytes
        self.endsWithCRLF = endsWithCRLF
    }
}

/// What a session that also listens for notices gets from its connection.
package enum Input: Sendable, Equatable {
    case line(Line)
    /// The connection's notifier was poked.
    case notified
    case end
}
