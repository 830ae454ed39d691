// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
package import Events
package import ProtocolTrace
internal import Settings

/// One operation: where it is found and what it does.
package struct AdminRoute: Sendable {
    package typealias Handler = @Sendable (AdminRequest, AdminContext) async throws(AdminError) -> JSONValue

    package let method: AdminRequest.Method
    package let pattern: String
    let handler: Handler

    package init(_ method: AdminRequest.Method, _ pattern: String, _ handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }

    func bound(to context: AdminContext) -> AdminOperation {
        let handler = handler
        return AdminOperation(method, pattern) { (request) throws(AdminError) in try await handler(request, context) }
    }
}

/// What the operations work with.
package struct AdminContext: Sendable {
    package let settings: SettingsAdministration
    package let eventLog: EventReader
    package let tracking: TrackingReader
    package let traces: TraceFolder
    package let catalogue: EventCatalogue
    /// `nil`: this process has no directory.
    package let directory: (any DirectoryAdministration)?
    /// `nil`: no server runs.
    package let services: (any ServiceAdministration)?
    package let events: EventRecorder

    package init(
        settings: SettingsAdministration,
        eventLog: EventReader,
        tracking: TrackingReader,
        traces: TraceFolder,
        catalogue: EventCatalogue,
        directory: (any DirectoryAdministration)?,
        services: (any ServiceAdministration)?,
        events: EventRecorder
    ) {
        self.settings = settings
        self.eventLog = eventLog
        self.tracking = tracking
        self.traces = traces
        self.catalogue = catalogue
        self.directory = directory
        self.services = services
        self.events = events
    }

    func requireDirectory() throws(AdminError) -> any DirectoryAdministration {
        guard let directory else { throw AdminError(.unavailable, "The directory cannot be opened here.") }
        return directory
    }

    func requireServices() throws(AdminError) -> any ServiceAdministration {
        guard let services else {
            throw AdminError(.unavailable, "The server does not run on this data folder. Start it: martlet serve")
        }
        return services
    }
}

/// Finds the operation for a request and does it.
///
/// From any task.
package struct AdminRouter: Sendable {
    package static let routes: [AdminRoute] =
        settingsRoutes + eventRoutes + trackingRoutes + traceRoutes + domainRoutes + accountRoutes + banRoutes
        + aliasRoutes
        + groupRoutes + serviceRoutes

    private let operations: [AdminOperation]
    private let events: EventRecorder

    /// The operations of this module, and `more` that composition adds.
    package init(_ context: AdminContext, adding more: [AdminOperation] = []) {
        self.init(operations: Self.routes.map { $0.bound(to: context) } + more, events: context.events)
    }

    package init(operations: [AdminOperation], events: EventRecorder) {
        self.operations = operations
        self.events = events
    }

    /// The operation that a request means.
    package func operation(for request: AdminRequest) throws(AdminError) -> AdminOperation {
        let found = operations.filter { $0.matches(request.path) }
        if let operation = found.first(where: { $0.method == request.method }) { return operation }
        guard !found.isEmpty else {
            throw AdminError(.notFound, "There is no operation at /\(request.path.joined(separator: "/")).")
        }
        let methods = found.map(\.method.rawValue).joined(separator: ", ")
        throw AdminError(.methodNotAllowed, "This path takes \(methods), not \(request.method.rawValue).")
    }

    /// Does an operation and answers with what came of it; a long one is refused.
    package func send(_ request: AdminRequest) async -> AdminResponse {
        do throws(AdminError) {
            let operation = try operation(for: request)
            guard case .answer(let answer) = operation.action else {
                throw AdminError(.badRequest, "This operation answers step by step; see docs/admin-api.md.")
            }
            return AdminResponse(
                body: try await record(operation, request) { () throws(AdminError) in
                    try await answer(request)
                }
            )
        } catch {
            return AdminResponse(error)
        }
    }

    /// Does an operation, of either kind, step by step.
    ///
    /// Returns when it has ended and the exchange is finished.
    package func run(_ operation: AdminOperation, _ request: AdminRequest, _ exchange: AdminExchange) async {
        do throws(AdminError) {
            let result = try await record(operation, request) { () throws(AdminError) in
                switch operation.action {
                case .answer(let answer): try await answer(request)
                case .stream(let stream): try await stream(request, exchange)
                }
            }
            exchange.finish(.success(result))
        } catch {
            exchange.finish(.failure(error))
        }
    }

    private func record(
        _ operation: AdminOperation,
        _ request: AdminRequest,
        _ body: () async throws(AdminError) -> JSONValue
    ) async throws(AdminError) -> JSONValue {
        do throws(AdminError) {
            let result = try await body()
            if operation.changes { record(.adminOperation, request) }
            return result
        } catch {
            if error.code == .failure { record(.adminOperationFailed, request, error) }
            throw error
        }
    }

    private func record(_ definition: EventDefinition, _ request: AdminRequest, _ error: AdminError? = nil) {
        let path = "/" + request.path.joined(separator: "/")
        let recorder = error.map { events.adding(["admin.error": .string($0.message)]) } ?? events
        recorder.record(
            definition,
            [
                "admin.caller": .string(request.caller.description), "admin.method": .string(request.method.rawValue),
                "admin.path": .string(path),
            ]
        )
    }
}
