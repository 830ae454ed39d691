// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Events
internal import Runtime

let eventRoutes = [
    AdminRoute(.get, "v1/events") { (request, context) throws(AdminError) in
        let filter = try EventFilter(request)
        let count = try request.number("last", in: 1...10_000) ?? 100
        let entries = await BlockingPool.shared.run { context.eventLog.last(count, filter) }
        return .array(entries.map(\.json))
    },
    AdminRoute(.get, "v1/events/catalogue") { (_, context) throws(AdminError) in
        .array(context.catalogue.definitions.map(\.json))
    },
]

extension EventFilter {
    /// Reads `source`, `id` (both may be repeated), `level`, `since` and `trace`.
    package init(_ request: AdminRequest) throws(AdminError) {
        self.init()
        sources = request.values("source")
        trace = request["trace"]
        for text in request.values("id") {
            guard let number = UInt16(text) else {
                throw AdminError(.badRequest, "id must be an event number, such as 4097.")
            }
            numbers.append(number)
        }
        if let text = request["level"] {
            guard let level = EventLevel(rawValue: text) else {
                let levels = EventLevel.allCases.map(\.rawValue).joined(separator: ", ")
                throw AdminError(.badRequest, "level must be one of \(levels).")
            }
            self.level = level
        }
        if let text = request["since"] {
            guard let moment = EventFilter.moment(text, now: CLinux_realtime()) else {
                throw AdminError(
                    .badRequest,
                    "since must be how long ago (15m, 1h, 2d) or a moment (2026-11-21T07:00:00Z)."
                )
            }
            since = moment
        }
    }
}

extension EventDefinition {
    var json: JSONValue {
        [
            "id": .integer(Int64(number)), "name": .string(name), "type": .string(type.rawValue), "text": .string(text),
            "cause": .string(cause), "action": .string(action),
        ]
    }
}
