// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

let serviceRoutes = [
    AdminRoute(.get, "v1/services") { (_, context) throws(AdminError) in
        .array(try await context.requireServices().services().map(\.json))
    },
    AdminRoute(.get, "v1/services/:name") { (request, context) throws(AdminError) in
        let services = try await context.requireServices().services()
        let name = request.path[2]
        guard let service = services.first(where: { $0.name == name }) else {
            let nearest = NearestName.of(name, among: services.map(\.name))
            throw AdminError(
                .notFound,
                "There is no service \"\(PrintableText.escaped(name))\""
                    + (nearest.map { "; did you mean \($0)?" } ?? ". See: martlet service list")
            )
        }
        return service.json
    },
    AdminRoute(.post, "v1/services/:name/restart") { (request, context) throws(AdminError) in
        try await context.requireServices().restart(request.path[2]).json
    },
    AdminRoute(.post, "v1/services/:name/start") { (request, context) throws(AdminError) in
        try await context.requireServices().start(request.path[2]).json
    },
    AdminRoute(.post, "v1/services/:name/stop") { (request, context) throws(AdminError) in
        try await context.requireServices().stop(request.path[2]).json
    },
    AdminRoute(.put, "v1/services/:name/mode") { (request, context) throws(AdminError) in
        try await context.requireServices().setMode(request.path[2], request.text("mode")).json
    },
]
