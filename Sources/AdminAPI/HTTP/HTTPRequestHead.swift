// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What is wrong with a request, as the status it is answered with.
struct HTTPError: Error, Equatable {
    let status: Int
    let reason: String

    static func badRequest(_ reason: String) -> HTTPError { HTTPError(status: 400, reason: reason) }
}

/// The request line and fields of an HTTP/1.1 request (RFC 9112 §2), as much of them as the admin API needs.
///
/// Fed line by line; any octets may be given.
package struct HTTPRequestHead: Sendable, Equatable {
    /// Longest line.
    package static let maximumLineOctets = 8192
    static let maximumFields = 64
    /// Largest body.
    ///
    /// The longest legitimate one is a list of alias targets.
    static let maximumBodyOctets = 1 << 20

    package let method: String
    /// Path and query as written.
    package let target: String
    let isVersion10: Bool
    package private(set) var bodyOctets = 0
    /// Whether the connection goes on after the answer.
    package private(set) var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package private(set) var expectsContinue = false
    /// Whether the body comes in chunks, of any length in all; only long operations take that.
    package private(set) var isChunked = false
    /// The user for whom another part of this server asks (`Martlet-Caller`).
    package private(set) var onBehalfOf: UInt32?
    private var hasHost = false
    private var hasLength = false
    private var fields = 0

    /// Reads the request line.
    //
    // request-line = method SP request-target SP HTTP-version    RFC 9112 §3
    init(requestLine line: [UInt8]) throws(HTTPError) {
        let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard parts.count == 3, line.allSatisfy({ $0 > 0x1F && $0 < 0x7F }) else {
            throw .badRequest("This is no HTTP request line.")
        }
        switch String(decoding: parts[2], as: UTF8.self) {
        case "HTTP/1.1": isVersion10 = false
        case "HTTP/1.0": isVersion10 = true
        default: throw HTTPError(status: 505, reason: "Only HTTP/1.1 and HTTP/1.0 are understood.")
        }
        guard !parts[0].isEmpty, parts[0].allSatisfy(ASCII.isAlpha), parts[1].first == UInt8(ascii: "/") else {
            throw .badRequest("The method or the path is malformed.")
        }
        method = String(decoding: parts[0], as: UTF8.self)
        target = String(decoding: parts[1], as: UTF8.self)
        keepsAlive = !isVersion10
    }

    /// Reads one field line; the empty line that ends the head is not given.
    //
    // field-line = field-name ":" OWS field-value OWS    RFC 9112 §5
    mutating func add(fieldLine line: [UInt8]) throws(HTTPError) {
        fields += 1
        guard fields <= Self.maximumFields else { throw HTTPError(status: 431, reason: "There are too many fields.") }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            line[..<colon].allSatisfy(Self.isTokenOctet),
            line[colon...].allSatisfy({ $0 == ASCII.tab || !ASCII.isControl($0) })
        else { throw .badRequest("A field line is malformed.") }
        let value = Self.trimmed(line[(colon + 1)...])
        switch ASCII.lowercased(String(decoding: line[..<colon], as: UTF8.self)) {
        case "content-length": try setLength(value)
        case "transfer-encoding":
            guard ASCII.equalIgnoringCase(value, "chunked".utf8), !isChunked else {
                throw HTTPError(status: 501, reason: "No transfer coding but chunked is understood.")
            }
            isChunked = true
        case "martlet-caller":
            guard let user = Decimal.parse(value, maximum: UInt64(UInt32.max)) else {
                throw .badRequest("Martlet-Caller is malformed.")
            }
            onBehalfOf = UInt32(user)
        case "connection": readConnection(value)
        case "expect": expectsContinue = ASCII.equalIgnoringCase(value, "100-continue".utf8)
        case "host":
            guard !hasHost else { throw .badRequest("There are two Host fields.") }
            hasHost = true
        default: break
        }
    }

    /// What only the whole head can tell.
    func finish() throws(HTTPError) {
        guard hasHost || isVersion10 else { throw .badRequest("There is no Host field.") }
        guard !isChunked || (!hasLength && !isVersion10) else {
            throw .badRequest("A chunked body has no Content-Length, and needs HTTP/1.1.")
        }
    }

    private mutating func setLength(_ value: ArraySlice<UInt8>) throws(HTTPError) {
        guard !hasLength, let length = Decimal.parse(value) else { throw .badRequest("Content-Length is malformed.") }
        guard length <= UInt64(Self.maximumBodyOctets) else {
            throw HTTPError(status: 413, reason: "A body may have \(Self.maximumBodyOctets) octets.")
        }
        hasLength = true
        bodyOctets = Int(length)
    }

    private mutating func readConnection(_ value: ArraySlice<UInt8>) {
        for option in value.split(separator: 0x2C).map(Self.trimmed) {
            if ASCII.equalIgnoringCase(option, "close".utf8) { keepsAlive = false }
            if isVersion10, ASCII.equalIgnoringCase(option, "keep-alive".utf8) { keepsAlive = true }
        }
    }

    // token = 1*tchar    RFC 9110 §5.6.2
    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        ASCII.isAlphanumeric(octet) || "!#$%&'*+-.^_`|~".utf8.contains(octet)
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = bytes.firstIndex { !ASCII.isBlank($0) } ?? bytes.endIndex
        let end = bytes[start...].lastIndex { !ASCII.isBlank($0) }.map { $0 + 1 } ?? start
        return bytes[start..<end]
    }
}
