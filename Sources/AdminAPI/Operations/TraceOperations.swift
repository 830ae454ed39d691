// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Events
internal import ProtocolTrace
internal import Runtime

/// Protocol traces: switched on and off, and read.
let traceRoutes = [
    AdminRoute(.get, "v1/traces") { (_, context) throws(AdminError) in
        .array(await BlockingPool.shared.run { context.traces.list() }.map(\.json))
    },
    AdminRoute(.post, "v1/traces") { (request, context) throws(AdminError) in
        let definition = try TraceDefinition(request)
        let folder = context.traces
        let isTooMany = await BlockingPool.shared.run {
            folder.list().filter { !$0.isOver }.count >= TraceFolder.maximumTraces
        }
        guard !isTooMany else { throw AdminError(.conflict, "Too many traces are on. See: martlet trace list") }
        guard await BlockingPool.shared.run({ folder.write(definition) }) else {
            throw AdminError(.failure, "The trace cannot be written to \(folder.path).")
        }
        context.events.record(
            .traceStarted,
            [
                "trace.id": .string(definition.id), "trace.subject": .string("\(definition.subject)"),
                "trace.until": .string(Timestamp.text(nanoseconds: definition.until, fractionDigits: 0)),
                "trace.content": .bool(definition.showsContent), "trace.by": .string(definition.startedBy),
            ]
        )
        return try await status(definition.id, context)
    },
    AdminRoute(.get, "v1/traces/:id") { (request, context) throws(AdminError) in
        try await status(request.path[2], context)
    },
    AdminRoute(.get, "v1/traces/:id/text") { (request, context) throws(AdminError) in
        let id = request.path[2]
        _ = try await status(id, context)
        guard let cursor = TraceCursor(request["after"] ?? "") else {
            throw AdminError(.badRequest, "after is what the page before gave as next.")
        }
        let page = await BlockingPool.shared.run { context.traces.page(of: id, after: cursor, maximum: 192 << 10) }
        return [
            "octets": .string(String(decoding: Base64.encode(page.octets), as: UTF8.self)),
            "next": .string(page.next.description),
        ]
    },
    AdminRoute(.post, "v1/traces/:id/stop") { (request, context) throws(AdminError) in
        let id = request.path[2]
        guard var definition = await BlockingPool.shared.run({ context.traces.status(of: id) })?.definition else {
            throw missing(id)
        }
        definition.isStopped = true
        let stopped = definition
        guard await BlockingPool.shared.run({ context.traces.write(stopped) }) else {
            throw AdminError(.failure, "The trace cannot be written to \(context.traces.path).")
        }
        return try await status(id, context)
    },
    AdminRoute(.delete, "v1/traces/:id") { (request, context) throws(AdminError) in
        let answer = try await status(request.path[2], context)
        await BlockingPool.shared.run { context.traces.remove(request.path[2]) }
        return answer
    },
]

private func status(_ id: String, _ context: AdminContext) async throws(AdminError) -> JSONValue {
    guard let found = await BlockingPool.shared.run({ context.traces.status(of: id) }) else { throw missing(id) }
    return found.json
}

private func missing(_ id: String) -> AdminError {
    AdminError(.notFound, "There is no trace \(PrintableText.escaped(id)). See: martlet trace list")
}

extension TraceDefinition {
    /// Reads `subject`, `directions`, `seconds`, `maximumOctets` and `content` of the body.
    fileprivate init(_ request: AdminRequest) throws(AdminError) {
        let body = request.body ?? .null
        guard let subject = body["subject"]?.string.flatMap(Subject.init) else {
            throw AdminError(.badRequest, "A trace is of an address, a network (192.0.2.0/24) or a domain.")
        }
        let names = body["directions"]?.strings ?? TraceDirection.allCases.map(\.rawValue)
        let directions = Set(names.compactMap(TraceDirection.init(rawValue:)))
        guard directions.count == Set(names).count, !directions.isEmpty else {
            throw AdminError(.badRequest, "A direction is in or out.")
        }
        let seconds = body["seconds"]?.integer ?? 900
        guard (1...TraceDefinition.longest.components.seconds).contains(seconds) else {
            throw AdminError(.badRequest, "A trace is on for 1 second to 7 days.")
        }
        let maximum = body["maximumOctets"]?.integer ?? 10 << 20
        guard TraceDefinition.sizes.contains(maximum) else {
            throw AdminError(.badRequest, "A trace takes 1 KiB to 10 GiB.")
        }
        let now = CLinux_realtime()
        self.init(
            id: String(UInt64(clamping: now / 1000), radix: 36),
            subject: subject,
            directions: directions,
            started: now,
            until: now + seconds * 1_000_000_000,
            maximumOctets: maximum,
            showsContent: body["content"]?.bool ?? false,
            startedBy: "\(request.caller)"
        )
    }
}
