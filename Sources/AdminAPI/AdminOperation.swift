// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// An operation that is ready to be done.
package struct AdminOperation: Sendable {
    /// How an operation answers.
    package enum Action: Sendable {
        /// With one object.
        case answer(@Sendable (AdminRequest) async throws(AdminError) -> JSONValue)
        /// Step by step, with a result at its end; it may take a body of any length.
        case stream(@Sendable (AdminRequest, AdminExchange) async throws(AdminError) -> JSONValue)
    }

    package let method: AdminRequest.Method
    /// Parts of the path.
    ///
    /// `:name` stands for any one part, `*name` as the last one for all that follow.
    package let pattern: [String]
    package let action: Action

    /// An operation with one answer.
    package init(
        _ method: AdminRequest.Method,
        _ pattern: String,
        _ answer: @escaping @Sendable (AdminRequest) async throws(AdminError) -> JSONValue
    ) {
        self.init(method, pattern, .answer(answer))
    }

    /// A long operation.
    package init(
        streaming method: AdminRequest.Method,
        _ pattern: String,
        _ stream: @escaping @Sendable (AdminRequest, AdminExchange) async throws(AdminError) -> JSONValue
    ) {
        self.init(method, pattern, .stream(stream))
    }

    private init(_ method: AdminRequest.Method, _ pattern: String, _ action: Action) {
        self.method = method
        self.pattern = pattern.split(separator: "/").map(String.init)
        self.action = action
    }

    /// Whether it changes something: then it is an event.
    package var changes: Bool { method != .get }

    /// Whether it answers step by step.
    package var isLong: Bool {
        if case .stream = action { true } else { false }
    }

    func matches(_ path: [String]) -> Bool {
        if pattern.last?.hasPrefix("*") == true {
            return path.count >= pattern.count && zip(pattern.dropLast(), path).allSatisfy(Self.matches)
        }
        return path.count == pattern.count && zip(pattern, path).allSatisfy(Self.matches)
    }

    private static func matches(_ pattern: String, _ part: String) -> Bool { pattern.hasPrefix(":") || pattern == part }
}
