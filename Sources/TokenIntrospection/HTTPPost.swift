// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CCurl

/// One HTTP request with a form in it, by libcurl: blocks its thread for at most `timeout`.
struct HTTPPost: Sendable {
    var address: String
    var form: [(name: String, value: String)]
    /// For HTTP Basic, encoded as RFC 6749 §2.3.1 wants it; `nil` to ask without.
    var credentials: (user: String, password: String)?
    /// PEM; empty for the system's.
    var authoritiesFile = ""
    var timeout: Duration
    /// An answer that is longer is a failure.
    var maximumOctets: Int

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]
    }

    struct Failure: Error, Sendable {
        let reason: String
    }

    /// libcurl wants to be told once, before there are threads that use it.
    private static let isReady = CCurl_initialize() == CURLE_OK

    func perform() throws(Failure) -> Answer {
        guard Self.isReady else { throw Failure(reason: "libcurl cannot start") }
        let body = Array(form.map { "\($0.name)=\(Self.escaped($0.value))" }.joined(separator: "&").utf8CString)
        let user = credentials.map { Self.escaped($0.user) }
        let password = Self.escaped(credentials?.password ?? "")
        var room = [CChar](repeating: 0, count: maximumOctets)
        var status = 0
        var count = 0
        let result = unsafe room.withUnsafeMutableBufferPointer { room in
            var buffer = unsafe CCurl_buffer(octets: room.baseAddress, capacity: room.count, count: 0)
            let result = unsafe CCurl_post(
                address,
                body,
                body.count - 1,
                user,
                password,
                authoritiesFile.isEmpty ? nil : authoritiesFile,
                max(1, Int(timeout / .milliseconds(1))),
                &buffer,
                &status
            )
            count = unsafe buffer.count
            return result
        }
        guard result == CURLE_OK else { throw Failure(reason: unsafe String(cString: curl_easy_strerror(result))) }
        return Answer(status: status, body: room.prefix(count).map { UInt8(bitPattern: $0) })
    }

    // application/x-www-form-urlencoded: unreserved octets as they are (RFC 3986 §2.3)
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var octets: [UInt8] = []
        for octet in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                || "-._~".utf8.contains(octet)
            octets += isPlain ? [octet] : [0x25, digits[Int(octet >> 4)], digits[Int(octet & 15)]]
        }
        return String(decoding: octets, as: UTF8.self)
    }
}
