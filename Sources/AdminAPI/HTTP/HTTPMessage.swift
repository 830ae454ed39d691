// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Requests and answers as octets (RFC 9112 §2.1).
enum HTTPMessage {
    static func response(_ response: AdminResponse, keepsAlive: Bool) -> [UInt8] {
        let body = response.body.encoded + [ASCII.lf]
        let head = [
            "HTTP/1.1 \(response.status) \(reason(response.status))", "Content-Type: application/json",
            "Content-Length: \(body.count)", "Cache-Control: no-store", "X-Content-Type-Options: nosniff",
            "Connection: \(keepsAlive ? "keep-alive" : "close")",
        ]
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// The head of an answer that comes in chunks, a JSON object a line.
    static let streamHead = Array(
        """
        HTTP/1.1 200 OK\r
        Content-Type: application/jsonl\r
        Transfer-Encoding: chunked\r
        Cache-Control: no-store\r
        X-Content-Type-Options: nosniff\r
        Connection: close\r
        \r

        """.utf8
    )

    /// A request with its body, or, `isChunked`, the head of one whose body follows in chunks.
    ///
    /// `onBehalf` names the caller, whom the server would take the sending process for.
    static func request(_ request: AdminRequest, isChunked: Bool = false, onBehalf: Bool = false) -> [UInt8] {
        let body = isChunked ? [] : request.body?.encoded ?? []
        var head = ["\(request.method.rawValue) \(request.target) HTTP/1.1", "Host: localhost", "Connection: close"]
        if isChunked {
            head.append("Transfer-Encoding: chunked")
        } else if request.body != nil {
            head += ["Content-Type: application/json", "Content-Length: \(body.count)"]
        }
        if onBehalf { head.append("Martlet-Caller: \(request.caller.user)") }
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 422: "Unprocessable Content"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
