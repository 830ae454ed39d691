// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools

/// A long operation under way, as its caller sees it.
///
/// Used by one task.
package protocol AdminCall: AnyObject {
    /// Sends octets of the body, and waits while the other side is behind. Throws what came instead of an answer.
    func send(_ octets: [UInt8]) async throws(AdminError)

    /// The body is whole.
    func endBody() async throws(AdminError)

    /// What has come of the answer by now, without waiting: empty for nothing.
    func available() throws(AdminError) -> [UInt8]

    /// More of the answer; `nil` after the last.
    func next() async throws(AdminError) -> [UInt8]?

    /// Wants no more.
    func hangUp()
}

/// The operation in this process.
package final class LocalCall: AdminCall {
    private let exchange: AdminExchange
    private let task: Task<Void, Never>

    /// Begins the operation.
    package init(_ router: AdminRouter, _ operation: AdminOperation, _ request: AdminRequest, hasBody: Bool) {
        let exchange = AdminExchange()
        if !hasBody { exchange.endInput() }
        self.exchange = exchange
        task = Task { await router.run(operation, request, exchange) }
    }

    package func send(_ octets: [UInt8]) async throws(AdminError) {
        // When the operation wants no more, its answer says why.
        _ = await exchange.feed(octets)
    }

    package func endBody() async throws(AdminError) { exchange.endInput() }

    package func available() throws(AdminError) -> [UInt8] { exchange.take().octets }

    package func next() async throws(AdminError) -> [UInt8]? { await exchange.nextOutput() }

    package func hangUp() {
        exchange.cancel()
        task.cancel()
    }
}

/// What an answer of a long operation holds, item by item.
package struct AdminAnswer {
    package let call: any AdminCall
    private var decoder = AdminItemDecoder()
    private var result: JSONValue?

    package init(_ call: any AdminCall) { self.call = call }

    /// The next item before the result; `nil` when the result is there.
    ///
    /// Throws the error that came instead.
    package mutating func next() async throws(AdminError) -> AdminItem? {
        while true {
            if let item = try decoded() { return item }
            if result != nil { return nil }
            guard let octets = try await call.next() else {
                throw AdminError(.interrupted, "The answer broke off: the service ended. See: martlet service list")
            }
            decoder.add(octets)
        }
    }

    /// What has come by now, without waiting.
    package mutating func nextAvailable() throws(AdminError) -> AdminItem? {
        if let item = try decoded() { return item }
        decoder.add(try call.available())
        return try decoded()
    }

    /// Waits for the end, showing `each` item on the way, and answers with the result.
    package mutating func finish(_ each: (AdminItem) throws(AdminError) -> Void = { _ in }) async throws(AdminError)
        -> JSONValue
    {
        while let item = try await next() { try each(item) }
        return result ?? .null
    }

    /// The result, once it is there.
    package var outcome: JSONValue? { result }

    private mutating func decoded() throws(AdminError) -> AdminItem? {
        guard result == nil, let item = try decoder.next() else { return nil }
        guard case .head(let head, _) = item else { return item }
        if let error = AdminError(json: head) { throw error }
        guard let result = head["result"] else { return item }
        self.result = result
        return nil
    }
}
