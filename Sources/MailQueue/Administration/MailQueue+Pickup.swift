// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SMTPWire

extension MailQueue {
    /// The frozen message that came under a trace; `nil` when there is none.
    ///
    /// Reads the records of frozen messages: for what is done once after a start.
    ///
    /// - Returns: its name, and whether a filter or a rule wants it held.
    package func frozenMessage(of trace: TraceID) async -> (id: QueueID, isHeld: Bool)? {
        for (id, entry) in state.entries where entry.isFrozen {
            guard let loaded = try? await load(id), loaded.message.trace == trace else { continue }
            return (id, loaded.message.holdReason != nil)
        }
        return nil
    }

    /// Gives up recipients that were found to be none, each with its reply; the sender gets a report.
    ///
    /// Accounts of this server, and recipients that are done with, are left alone.
    package func refuse(_ id: QueueID, _ refusals: [ForwardPath: SMTPReply]) async {
        guard (try? await reserve(id)) == true else { return }
        defer { release(id) }
        guard let loaded = try? await load(id) else { return }
        let refused = loaded.message.recipients.enumerated().compactMap { index, recipient -> (Int, DeliveryStatus)? in
            guard !recipient.isLocal, !loaded.entry.slots[index].state.isFinal,
                let reply = refusals[recipient.command.forwardPath]
            else { return nil }
            return (index, DeliveryStatus(reply, time: now))
        }
        if !refused.isEmpty { await fail(loaded, refused) }
    }
}
