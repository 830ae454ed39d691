// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime

// A message is reserved while something is done with it as a whole, so that what was seen of it still holds when the
// record of it is written: without, a copy could bring back what was taken out, and what was given back could be sent.
// Who is being sent to already is not kept from coming to an end by it.
extension MailQueue {
    /// Between two looks whether a message is free, and how many.
    private static let pause = Duration.milliseconds(10)
    private static let looks = 500

    /// Reserves a message, waiting for whoever has it, five seconds at most.
    ///
    /// False when it is not in the queue (any more). Throws `.conflict` when the wait was in vain.
    func reserve(_ id: QueueID) async throws(QueueError) -> Bool {
        for _ in 0..<Self.looks {
            if tryReserve(id) { return true }
            guard state.entries[id] != nil else { return false }
            guard (try? await loop.sleep(for: Self.pause)) != nil else { break }
        }
        throw .conflict("something else is being done with it; try again")
    }

    /// Reserves a message unless somebody has it, or a transaction is about to note what it sends of it.
    ///
    /// False when it could not be, or is not in the queue.
    func tryReserve(_ id: QueueID) -> Bool {
        guard state.entries[id]?.isReserved == false, !preparing.contains(where: { $0.id == id }) else { return false }
        state.setReserved(id, true)
        return true
    }

    /// Gives a message free, and puts what waits of it back into its lines.
    func release(_ id: QueueID) {
        state.setReserved(id, false)
        state.scheduleDestinations(of: id, at: now)
        kick()
    }
}
