// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
package import Events
internal import MailQueue
package import Runtime
internal import SMTPWire
package import ServiceControl
package import Settings

/// A queue that no transport has: it is opened, under its lock, for each request, and nothing is sent.
///
/// What a start would settle is settled: who was being sent to when the last process ended is in doubt from then on.
package struct ClosedQueue: Sendable {
    private let layout: InstanceLayout
    private let loop: EventLoop
    private let settings: LiveSettings
    private let events: EventRecorder

    package init(_ layout: InstanceLayout, loop: EventLoop, settings: LiveSettings, events: EventRecorder) {
        (self.layout, self.loop, self.settings, self.events) = (layout, loop, settings, events)
    }

    package func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        guard let number = Int(request.path[2]), MailGateway.queues(layout).contains(number) else {
            throw AdminError(.notFound, "There is no queue \(PrintableText.escaped(request.path[2])).")
        }
        guard Self.isPossible(request) else {
            throw AdminError(.unavailable, "This is done by the server, which does not run. Start it: martlet serve")
        }
        let nobody = Nobody()
        var services = QueueServices(
            transport: nobody,
            router: nobody,
            reports: nobody,
            settings: settings,
            events: request.method == .get ? .none : events
        )
        services.number = number
        let queue: MailQueue
        do throws(QueueError) {
            queue = try await MailQueue.open(layout.queue(transport: number), services, loop: loop)
        } catch {
            throw AdminError(.unavailable, "The queue cannot be opened: \(error).")
        }
        let response = await AdminRouter(operations: QueueOperations([number: queue]).all, events: events).send(request)
        await queue.close()
        return response
    }

    /// Looking, and what only changes the ledger; a report needs the directory, and a try the world.
    private static func isPossible(_ request: AdminRequest) -> Bool {
        switch request.method {
        case .get: request.path.last != "digest"
        case .delete: true
        default: ["freeze", "thaw"].contains(request.path.last)
        }
    }
}

/// The world while the server does not run: nothing goes anywhere.
private struct Nobody: DeliveryTransport, QueueRouter, ReportWriter {
    func deliver(
        _ batch: DeliveryBatch,
        willSendEnd: @escaping @Sendable ([Int]) async -> Bool
    ) async -> DeliveryResult {
        let outcome = DeliveryOutcome(.deferred, SMTPReply(451, .notAccepting, "The server does not run"))
        return DeliveryResult(batch.recipients.map { _ in outcome })
    }

    func route(_ recipient: RecipientCommand, of message: QueuedMessage, size: UInt64, at time: Int64) -> QueueRoute {
        .waits(SMTPReply(451, .notAccepting, "The server does not run"))
    }

    func drafts(_ request: ReportRequest) async -> [ReportDraft]? { nil }
}
