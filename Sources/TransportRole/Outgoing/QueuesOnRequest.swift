// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailAdmin
package import MailQueue
package import Runtime
package import SMTPServer
package import SMTPWire
package import ServiceControl

/// Has what waits for a domain sent, in the queues of all transport workers (ETRN, RFC 1985).
package struct QueuesOnRequest: QueueStarter {
    /// This worker's own, by number.
    private let queues: [Int: MailQueue]
    private let layout: InstanceLayout
    private let loop: EventLoop

    package init(_ queues: [Int: MailQueue], _ layout: InstanceLayout, loop: EventLoop) {
        self.queues = queues
        self.layout = layout
        self.loop = loop
    }

    package func start(_ command: RemoteQueueCommand) async -> QueueStart {
        guard let request = QueueRequest(command) else { return .unknown }
        var count = 0
        var isAnyAsked = false
        for number in Set(MailGateway.queues(layout)).union(queues.keys).sorted() {
            if let own = queues[number] {
                count += await own.start(request)
                isAnyAsked = true
            } else if let found = await ask(number, request) {
                count += found
                isAnyAsked = true
            }
        }
        return isAnyAsked ? .started(messages: count) : .unavailable
    }

    /// How many messages another worker's queue has sent on their way; `nil` when it does not answer.
    private func ask(_ number: Int, _ request: QueueRequest) async -> Int? {
        let client = AdminClient(path: layout.queueSocket(number), loop: loop)
        let path = ["v1", "queues", String(number), "requests", "\(request)", "start"]
        guard let response = try? await client.send(AdminRequest(.post, path)), response.status < 300 else {
            return nil
        }
        return response.body["messages"]?.integer.flatMap { Int(exactly: $0) }
    }
}

extension QueueRequest {
    /// `nil` when what is named is no domain.
    init?(_ command: RemoteQueueCommand) {
        let mark =
            switch command.scope {
            case .host: ""
            case .hostAndBelow: "@"
            case .queue: "#"
            }
        self.init(text: mark + command.name)
    }
}
