// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
package import MailQueue
internal import MailTypes

/// The operations on the queues of one transport worker: its own, and those of workers that are gone.
package struct QueueOperations: Sendable {
    private let queues: [Int: MailQueue]

    /// - Parameter queues: by number.
    package init(_ queues: [Int: MailQueue]) { self.queues = queues }

    /// The queue that the path names.
    private func queue(_ request: AdminRequest) throws(AdminError) -> MailQueue {
        guard request.path.count > 2, let queue = Int(request.path[2]).flatMap({ queues[$0] }) else {
            throw AdminError(.notFound, "There is no such queue here.")
        }
        return queue
    }

    /// Messages of one page, at most.
    private static let maximumPage = 1000

    /// All of them.
    package var all: [AdminOperation] {
        [overview, page, message, content, remove, forceDestination, startRequest] + orders
    }

    private var overview: AdminOperation {
        AdminOperation(.get, "v1/queues/:queue") { (request) throws(AdminError) in
            let queue = try queue(request)
            let figures = await queue.figures
            let destinations = await queue.destinations
            return [
                "messages": .integer(Int64(figures.messages)), "recipients": .integer(Int64(figures.recipients)),
                "active": .integer(Int64(figures.active)), "isSending": .bool(figures.isSending),
                "isDiskLow": .bool(figures.isDiskLow),
                "states": .object(
                    figures.byState.sorted { $0.key.rawValue < $1.key.rawValue }
                        .map { JSONMember($0.key.name, .integer(Int64($0.value))) }
                ),
                "destinations": .array(destinations.map(\.json)),
            ]
        }
    }

    private var page: AdminOperation {
        AdminOperation(.get, "v1/queues/:queue/messages") { (request) throws(AdminError) in
            let limit = try request.number("limit", in: 1...Self.maximumPage) ?? 100
            let after = try request["after"].map { (text) throws(AdminError) in try QueueID(checking: text) }
            let found = try await queue(request).page(try QueueFilter(request), after: after, limit: limit)
            return [
                "messages": .array(found.messages.map(\.json)), "next": .optional(found.next?.description),
            ]
        }
    }

    private var message: AdminOperation {
        AdminOperation(.get, "v1/queues/:queue/messages/:id") { (request) throws(AdminError) in
            let id = try request.queueID()
            let queue = try queue(request)
            let found = try await translated { () throws(QueueError) in try await queue.message(id) }
            guard let found else { throw Self.missing(id) }
            return found.json
        }
    }

    private var content: AdminOperation {
        AdminOperation(.get, "v1/queues/:queue/messages/:id/content") { (request) throws(AdminError) in
            let id = try request.queueID()
            let offset = try request.number("offset", in: 0...Int.max) ?? 0
            let queue = try queue(request)
            let content = try await translated { () throws(QueueError) in try await queue.content(of: id) }
            guard let content else { throw Self.missing(id) }
            let octets = try await translated { () throws(QueueError) in
                try await content.read(at: UInt64(offset), maximum: 192 << 10)
            }
            return [
                "size": .integer(Int64(clamping: content.size)),
                "octets": .string(String(decoding: Base64.encode(octets), as: UTF8.self)),
            ]
        }
    }

    private var remove: AdminOperation {
        order(.delete, "v1/queues/:queue/messages/:id") { (queue, id) throws(QueueError) in
            try await queue.remove(id)
        }
    }

    private var orders: [AdminOperation] {
        [
            order(.post, "v1/queues/:queue/messages/:id/freeze") { (queue, id) throws(QueueError) in
                try await queue.freeze(id)
            },
            order(.post, "v1/queues/:queue/messages/:id/thaw") { (queue, id) throws(QueueError) in
                try await queue.thaw(id)
            },
            order(.post, "v1/queues/:queue/messages/:id/return") { (queue, id) throws(QueueError) in
                try await queue.giveBack(id)
            },
            order(.post, "v1/queues/:queue/messages/:id/force") { (queue, id) throws(QueueError) in
                await queue.force(id)
            },
        ]
    }

    private var forceDestination: AdminOperation {
        AdminOperation(.post, "v1/queues/:queue/destinations/:name/force") { (request) throws(AdminError) in
            guard let count = try await queue(request).force(destination: request.path[4]) else {
                throw AdminError(.notFound, "Nothing waits for \(PrintableText.escaped(request.path[4])).")
            }
            return ["messages": .integer(Int64(count))]
        }
    }

    /// What a client asks another worker's queue for (ETRN).
    private var startRequest: AdminOperation {
        AdminOperation(.post, "v1/queues/:queue/requests/:name/start") { (request) throws(AdminError) in
            let queue = try queue(request)
            guard let wanted = QueueRequest(text: request.path[4]) else {
                throw AdminError(.badRequest, "\(PrintableText.escaped(request.path[4])) is no domain or connector.")
            }
            return ["messages": .integer(Int64(await queue.start(wanted)))]
        }
    }

    private func order(
        _ method: AdminRequest.Method,
        _ path: String,
        _ body: @escaping @Sendable (MailQueue, QueueID) async throws(QueueError) -> Bool
    ) -> AdminOperation {
        AdminOperation(method, path) { (request) throws(AdminError) in
            let id = try request.queueID()
            let queue = try queue(request)
            guard try await translated({ () throws(QueueError) in try await body(queue, id) }) else {
                throw Self.missing(id)
            }
            // What has become of it, as it is now.
            let found = try await translated { () throws(QueueError) in try await queue.message(id) }
            return found?.json ?? ["id": .string(id.description), "state": "gone"]
        }
    }

    private static func missing(_ id: QueueID) -> AdminError {
        AdminError(.notFound, "There is no message \(id) in the queue.")
    }
}

private func translated<Answer: Sendable>(
    _ body: () async throws(QueueError) -> Answer
) async throws(AdminError) -> Answer {
    do throws(QueueError) { return try await body() } catch {
        switch error {
        case .conflict(let reason): throw AdminError(.conflict, "Not now: \(reason).")
        case .damaged: throw AdminError(.failure, "The message is damaged and cannot be read.")
        default: throw AdminError(.unavailable, "The queue cannot do it: \(error).")
        }
    }
}

extension QueueID {
    init(checking text: String) throws(AdminError) {
        guard let id = QueueID(text) else {
            throw AdminError(.badRequest, "\"\(PrintableText.escaped(text))\" is not the name of a queued message.")
        }
        self = id
    }
}

extension AdminRequest {
    fileprivate func queueID() throws(AdminError) -> QueueID {
        guard path.count > 4 else { throw AdminError(.badRequest, "The path names no message.") }
        return try QueueID(checking: path[4])
    }
}

extension QueueFilter {
    /// Reads `destination`, `state`, `from`, `to`, `message-id` and `trace`.
    init(_ request: AdminRequest) throws(AdminError) {
        self.init()
        destination = request["destination"]
        (sender, recipient, messageID) = (request["from"], request["to"], request["message-id"])
        if let text = request["state"] {
            guard let state = ClassicState(rawValue: text) else {
                let all = ClassicState.allCases.map(\.rawValue).joined(separator: ", ")
                throw AdminError(.badRequest, "A state is one of \(all).")
            }
            self.state = state
        }
        if let text = request["trace"] {
            guard let trace = TraceID(text) else { throw AdminError(.badRequest, "That is no trace id.") }
            self.trace = trace
        }
    }
}
