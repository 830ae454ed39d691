// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
internal import SMTPServer
internal import ServiceControl

/// What all transport workers know together of their clients: where in the memory that they share it is.
///
/// Service control makes the memory and keeps it, as much of it as `WorkerRole.sharedOctets` says: it outlives workers,
/// and ends with service control.
enum ClientTables {
    private static let greylistOffset = SharedTable.octets(slots: RateLimiter.slots)

    /// Rates, and who was put off; a worker that cannot share keeps its own.
    static func open(_ context: WorkerContext) -> (rates: RateLimiter, greylist: Greylist) {
        guard let fd = context.inheritance.sharedMemory,
            let rates = SharedTable(slots: RateLimiter.slots, sharedIn: fd, at: 0),
            let greylist = SharedTable(slots: Greylist.slots, sharedIn: fd, at: greylistOffset)
        else { return (RateLimiter(), Greylist()) }
        return (RateLimiter(rates), Greylist(greylist))
    }
}
