// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension AdminRequest {
    /// Reads the request that a head and body make.
    init(_ head: HTTPRequestHead, body: [UInt8], caller: AdminCaller) throws(HTTPError) {
        guard let method = Method(rawValue: head.method) else {
            throw HTTPError(status: 501, reason: "The method \(head.method) is not understood.")
        }
        let parts = Array(head.target.utf8).split(
            separator: UInt8(ascii: "?"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let path = try (parts.first ?? [])
            .split(separator: UInt8(ascii: "/"))
            .map { (part: ArraySlice<UInt8>) throws(HTTPError) in try Self.decoded(Array(part), isQuery: false) }
        guard path.count <= 16 else { throw .badRequest("The path is too deep.") }
        let query = try parts.dropFirst().first.map(Self.parameters) ?? []
        self.init(method, path, query: query, body: try Self.json(body), caller: caller)
    }

    /// The path and query as a target.
    var target: String {
        let parameters = query.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
        return "/" + path.map(Self.encoded).joined(separator: "/") + (parameters.isEmpty ? "" : "?" + parameters)
    }

    private static func json(_ body: [UInt8]) throws(HTTPError) -> JSONValue? {
        guard !body.isEmpty else { return nil }
        do throws(JSONError) { return try JSONValue(parsing: body) } catch {
            throw .badRequest("The body is not valid JSON: \(error).")
        }
    }

    private static func parameters(_ query: ArraySlice<UInt8>) throws(HTTPError) -> [Parameter] {
        let pairs = query.split(separator: UInt8(ascii: "&"))
        guard pairs.count <= 100 else { throw .badRequest("The query has too many parts.") }
        return try pairs.map { (pair) throws(HTTPError) in
            let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try decoded(Array(sides.first ?? []), isQuery: true)
            return Parameter(name, try decoded(Array(sides.dropFirst().first ?? []), isQuery: true))
        }
    }

    // pct-encoded = "%" HEXDIG HEXDIG    RFC 3986 §2.1
    private static func decoded(_ text: [UInt8], isQuery: Bool) throws(HTTPError) -> String {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    throw .badRequest("The path or query has a broken percent-encoding.")
                }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(isQuery && octet == UInt8(ascii: "+") ? ASCII.space : octet)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self), !decoded.utf8.contains(0) else {
            throw .badRequest("The path or query is not UTF-8.")
        }
        return decoded
    }

    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for octet in text.utf8 {
            if ASCII.isAlphanumeric(octet) || "-._~@".utf8.contains(octet) {
                bytes.append(octet)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(contentsOf: Hex.encode([octet]).utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
