// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime
package import SMTPWire

/// A client of a listener, as its filters see it.
package struct FilteredClient: Sendable {
    /// What this server calls itself.
    package var hostName: String
    /// The listener, as settings name it.
    package var listener: String
    package var peer: SocketAddress
    package var local: SocketAddress
    package var name = ClientName.unknown

    package init(hostName: String, listener: String, peer: SocketAddress, local: SocketAddress) {
        self.hostName = hostName
        self.listener = listener
        self.peer = peer
        self.local = local
    }
}

/// The filters of listeners.
///
/// Composition supplies them.
package protocol MailFilters: Sendable {
    /// The filters for one client's mail; `nil` when its listener has none.
    func filter(for client: FilteredClient) -> (any MailFilter)?

    /// Whether a listener has filters, which want to know its clients' names.
    func hasFilters(_ listener: String) -> Bool
}

/// What stands between the rules of this server and the acceptance of mail: it may refuse mail, drop it, or change it.
///
/// Used by one task, the client's. Asked after the rules have said yes; the message itself when it is whole, before
/// anything of it is stored.
package protocol MailFilter: AnyObject {
    /// A message begins. A reply refuses it.
    func mail(_ transaction: MailTransaction, tls: TLSFacts?) async -> SMTPReply?

    /// A recipient that can be reached. A reply refuses it.
    func recipient(_ recipient: RecipientCommand, in transaction: MailTransaction) async -> SMTPReply?

    /// The content comes: what takes it shows it to the filters when it is whole, and then gives what they made of it to
    /// `sink`.
    func begin(_ transaction: MailTransaction, into sink: any MessageSink) async throws(SMTPReply)
        -> any IncomingMessage

    /// The message came to nothing, or is over.
    func reset() async

    /// The client is gone.
    func close() async
}
