// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailTypes
internal import Runtime
package import SMTPClient
package import SMTPServer
package import SMTPWire
package import Settings

/// Takes received messages to the back-end workers that own their recipients, and answers once they are on disk there.
///
/// The transport keeps nothing: until the sender has its 250 the message is the sender's, from then on it is the
/// store's. What stands between is patience. A worker that dies, restarts or drains is tried again with the same
/// delivery ids until `transport/local-delivery-deadline`, so that the sender never sees it; past that the answer is
/// `451 4.3.2` and the sender keeps the message.
///
/// A message for several accounts may be stored for one and put off for another. SMTP has one answer for all, and it
/// must then be 451, after which the sender repeats the message for all. `RepetitionMemory` has that repetition
/// recognised.
package final class LocalDeliverySink: MessageSink {
    let client: LMTPClient
    let socket: @Sendable (AccountID) -> String?
    let settings: LiveSettings
    let events: EventRecorder
    let memory = RepetitionMemory()
    private let spoolFolder: String

    /// - Parameters:
    ///   - socket: the path of the Unix socket on which the account's worker takes mail; `nil` while that is not known.
    ///   - spoolFolder: for messages above `MessageSpool.memoryOctets`, while they come in.
    package init(
        client: LMTPClient,
        spoolFolder: String,
        settings: LiveSettings,
        events: EventRecorder,
        socket: @escaping @Sendable (AccountID) -> String?
    ) {
        self.client = client
        self.spoolFolder = spoolFolder
        self.settings = settings
        self.events = events
        self.socket = socket
    }

    package func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        let spool = MessageSpool(folder: spoolFolder, leavingOut: transaction.traceOctets)
        return LocalDeliveryMessage(self, transaction, spool)
    }
}

/// One message on its way through the transport.
private final class LocalDeliveryMessage: IncomingMessage {
    private let owner: LocalDeliverySink
    private let transaction: MailTransaction
    private let spool: MessageSpool

    init(_ owner: LocalDeliverySink, _ transaction: MailTransaction, _ spool: MessageSpool) {
        self.owner = owner
        self.transaction = transaction
        self.spool = spool
    }

    func add(_ bytes: [UInt8]) async throws(SMTPReply) {
        do throws(IOError) {
            try spool.add(bytes)
        } catch {
            owner.events.record(
                .spoolFailed,
                ["error.description": .string("\(error)")],
                trace: transaction.trace.text
            )
            throw SMTPReply(452, .mailSystemFull, "No room for the message now")
        }
    }

    func finish() async -> [SMTPReply] {
        await LocalDeliveryRound(owner, transaction, spool.finish()).run()
    }

    func abort() async {}
}
