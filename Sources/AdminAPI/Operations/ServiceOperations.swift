// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

let serviceRoutes = [
    AdminRoute(.get, "v1/services") { (_, context) throws(AdminError) in
        try await context.shown(context.requireServices().services())
    },
    AdminRoute(.get, "v1/services/:name") { (request, context) throws(AdminError) in
        try await context.shown(context.services(named: request.path[2]))
    },
    AdminRoute(.post, "v1/services/restart") { (_, context) throws(AdminError) in
        try await context.shown(context.requireServices().restart(nil))
    },
    AdminRoute(.post, "v1/services/start") { (_, context) throws(AdminError) in
        try await context.shown(context.requireServices().start(nil))
    },
    AdminRoute(.post, "v1/services/stop") { (_, context) throws(AdminError) in
        try await context.shown(context.requireServices().stop(nil))
    },
    AdminRoute(.post, "v1/services/:name/restart") { (request, context) throws(AdminError) in
        _ = try await context.services(named: request.path[2])
        return try await context.shown(context.requireServices().restart(request.path[2]))
    },
    AdminRoute(.post, "v1/services/:name/start") { (request, context) throws(AdminError) in
        _ = try await context.services(named: request.path[2])
        return try await context.shown(context.requireServices().start(request.path[2]))
    },
    AdminRoute(.post, "v1/services/:name/stop") { (request, context) throws(AdminError) in
        _ = try await context.services(named: request.path[2])
        return try await context.shown(context.requireServices().stop(request.path[2]))
    },
    AdminRoute(.put, "v1/services/:name/mode") { (request, context) throws(AdminError) in
        let found = try await context.services(named: request.path[2])
        guard let role = found.first?.role, let path = try context.requireServices().modeSetting(ofRole: role) else {
            throw AdminError(.invalid, "\(request.path[2]) has no modes; the services of the transport have.")
        }
        _ = try await context.settings.set(path, to: request.text("mode"), by: request.caller)
        return try await context.shown(found)
    },
]

extension AdminContext {
    /// The workers of that name or role.
    fileprivate func services(named name: String) async throws(AdminError) -> [ServiceStatus] {
        let all = try await requireServices().services()
        let found = all.filter { $0.name == name || $0.role == name }
        guard found.isEmpty else { return found }
        let nearest = NearestName.of(name, among: all.flatMap { [$0.name, $0.role] })
        throw AdminError(
            .notFound,
            "There is no service \"\(PrintableText.escaped(name))\""
                + (nearest.map { "; did you mean \($0)?" } ?? ". See: martlet service list")
        )
    }

    fileprivate func shown(_ services: [ServiceStatus]) async throws(AdminError) -> JSONValue {
        let administration = try requireServices()
        let (snapshot, _) = await settings.load()
        return .array(
            services.map { service in
                let path = administration.modeSetting(ofRole: service.role)
                let address = path.flatMap { try? settings.tree.resolve($0) }
                return service.json(mode: address.map { snapshot.effective($0).text })
            }
        )
    }
}
