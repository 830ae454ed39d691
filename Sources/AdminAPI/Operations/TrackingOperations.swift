// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Events
internal import Runtime

let trackingRoutes = [
    AdminRoute(.get, "v1/tracking") { (request, context) throws(AdminError) in
        let filter = try TrackingFilter(request)
        let limit = try request.number("limit", in: 1...1000) ?? 20
        let found = await BlockingPool.shared.run { context.tracking.find(filter, limit: limit) }
        return found.json
    }
]

extension TrackingFilter {
    /// Reads `message-id`, `recipient`, `sender`, `trace`, `queue-id` and `since`.
    init(_ request: AdminRequest) throws(AdminError) {
        self.init()
        (messageID, recipient, sender) = (request["message-id"], request["recipient"], request["sender"])
        (trace, queueID) = (request["trace"], request["queue-id"])
        guard let text = request["since"] else { return }
        guard let moment = EventFilter.moment(text, now: CLinux_realtime()) else {
            throw AdminError(
                .badRequest,
                "since must be how long ago (15m, 1h, 2d) or a moment (2026-11-21T07:00:00Z)."
            )
        }
        since = moment
    }
}
