// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// What an administrator asks for, however it came.
package struct AdminRequest: Sendable, Equatable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// One name and value of the query.
    package struct Parameter: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var method: Method
    /// The parts of the path, decoded: `["v1", "accounts", "ann@example.org"]`.
    package var path: [String]
    package var query: [Parameter]
    package var body: JSONValue?
    package var caller: AdminCaller

    package init(
        _ method: Method,
        _ path: [String],
        query: [Parameter] = [],
        body: JSONValue? = nil,
        caller: AdminCaller = .current
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.caller = caller
    }

    /// The first value of that name.
    package subscript(name: String) -> String? { query.first { $0.name == name }?.value }

    package func values(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

    /// The whole number of that name; `nil` when there is none.
    package func number(_ name: String, in range: ClosedRange<Int>) throws(AdminError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw AdminError(.badRequest, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound).")
        }
        return number
    }

    /// A member of the body that must be a text.
    package func text(_ name: String) throws(AdminError) -> String {
        guard let text = body?[name]?.string else {
            throw AdminError(.badRequest, "The body must be a JSON object with a text \"\(name)\".")
        }
        return text
    }

    /// A member of the body that is a text if it is there.
    package func optionalText(_ name: String) throws(AdminError) -> String? {
        switch body?[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        default: throw AdminError(.badRequest, "\"\(name)\" in the body must be a text.")
        }
    }
}

/// What came of it.
package struct AdminResponse: Sendable, Equatable {
    package var status: Int
    package var body: JSONValue

    package init(status: Int = 200, body: JSONValue) {
        self.status = status
        self.body = body
    }

    package init(_ error: AdminError) { self.init(status: error.code.httpStatus, body: error.json) }

    /// The body of a success, else its error.
    package func get() throws(AdminError) -> JSONValue {
        guard status >= 300 else { return body }
        throw AdminError(json: body) ?? AdminError(.failure, "The server answered with status \(status).")
    }
}

/// Where requests go: over a socket to the server, or into the router of this process.
package protocol AdminEndpoint: Sendable {
    /// Fails only when no answer was had.
    func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse

    /// Begins an operation that answers step by step; with a body, its octets are to be sent.
    func open(_ request: AdminRequest, hasBody: Bool) async throws(AdminError) -> any AdminCall
}
