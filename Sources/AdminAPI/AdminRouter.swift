// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
package import Events
internal import Settings

/// One operation: where it is found and what it does.
package struct AdminRoute: Sendable {
    package typealias Handler = @Sendable (AdminRequest, AdminContext) async throws(AdminError) -> JSONValue

    package let method: AdminRequest.Method
    /// Parts of the path.
    ///
    /// `:name` stands for any one part, `*name` as the last one for all that follow.
    package let pattern: [String]
    /// Whether it changes something: then it is an event.
    package var changes: Bool { method != .get }
    let handler: Handler

    package init(_ method: AdminRequest.Method, _ pattern: String, _ handler: @escaping Handler) {
        self.method = method
        self.pattern = pattern.split(separator: "/").map(String.init)
        self.handler = handler
    }

    func matches(_ path: [String]) -> Bool {
        if pattern.last?.hasPrefix("*") == true {
            return path.count >= pattern.count && zip(pattern.dropLast(), path).allSatisfy(Self.matches)
        }
        return path.count == pattern.count && zip(pattern, path).allSatisfy(Self.matches)
    }

    private static func matches(_ pattern: String, _ part: String) -> Bool { pattern.hasPrefix(":") || pattern == part }
}

/// What the operations work with.
package struct AdminContext: Sendable {
    package let settings: SettingsAdministration
    package let eventLog: EventReader
    package let catalogue: EventCatalogue
    /// `nil`: this process has no directory.
    package let directory: (any DirectoryAdministration)?
    /// `nil`: no server runs.
    package let services: (any ServiceAdministration)?
    package let events: EventRecorder

    package init(
        settings: SettingsAdministration,
        eventLog: EventReader,
        catalogue: EventCatalogue,
        directory: (any DirectoryAdministration)?,
        services: (any ServiceAdministration)?,
        events: EventRecorder
    ) {
        self.settings = settings
        self.eventLog = eventLog
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
package struct AdminRouter: AdminEndpoint {
    package static let routes: [AdminRoute] =
        settingsRoutes + eventRoutes + domainRoutes + accountRoutes + aliasRoutes + serviceRoutes

    private let context: AdminContext

    package init(_ context: AdminContext) { self.context = context }

    package func send(_ request: AdminRequest) async -> AdminResponse {
        let found = Self.routes.filter { $0.matches(request.path) }
        guard let route = found.first(where: { $0.method == request.method }) else {
            return AdminResponse(Self.refusal(request, found))
        }
        do throws(AdminError) {
            let body = try await route.handler(request, context)
            if route.changes { record(.adminOperation, request) }
            return AdminResponse(body: body)
        } catch {
            if error.code == .failure { record(.adminOperationFailed, request, error) }
            return AdminResponse(error)
        }
    }

    private static func refusal(_ request: AdminRequest, _ found: [AdminRoute]) -> AdminError {
        guard !found.isEmpty else {
            return AdminError(.notFound, "There is no operation at /\(request.path.joined(separator: "/")).")
        }
        let methods = found.map(\.method.rawValue).joined(separator: ", ")
        return AdminError(.methodNotAllowed, "This path takes \(methods), not \(request.method.rawValue).")
    }

    private func record(_ definition: EventDefinition, _ request: AdminRequest, _ error: AdminError? = nil) {
        let path = "/" + request.path.joined(separator: "/")
        let recorder = error.map { context.events.adding(["admin.error": .string($0.message)]) } ?? context.events
        recorder.record(
            definition,
            [
                "admin.caller": .string(request.caller.description), "admin.method": .string(request.method.rawValue),
                "admin.path": .string(path),
            ]
        )
    }
}
