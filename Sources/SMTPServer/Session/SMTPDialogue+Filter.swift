// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Runtime
internal import SMTPWire

extension SMTPDialogue {
    /// Begins to look the client's name up, while the client goes on; only where filters want to know it.
    func askName() {
        guard let source = server.services.clients.names, server.services.filters?.hasFilters(server.instance) == true,
            connection.peer != .unix
        else { return nameCheck = nil }
        nameCheck = ClientNameCheck(of: connection.peer, source, within: session.limits.clientNameTimeout)
    }

    /// Asks the filters about a message that begins, and opens them for this client when it is the first.
    func filterMail() async -> SMTPReply? {
        guard let filters = server.services.filters, let transaction = session.transaction else { return nil }
        // A proxy may name another client in the middle of a connection.
        if filteredPeer != connection.peer {
            await filter?.close()
            filter = nil
        }
        filteredPeer = connection.peer
        if filter == nil {
            var client = FilteredClient(
                hostName: server.hostName,
                listener: server.instance,
                peer: connection.peer,
                local: connection.local
            )
            client.name = await nameCheck?.name() ?? .unknown
            filter = filters.filter(for: client)
        }
        return await filter?.mail(transaction, tls: connection.tls)
    }

    /// What becomes of a recipient when the filters were asked, too.
    func filtered(_ resolution: RecipientResolution, _ recipient: RecipientCommand) async -> RecipientResolution {
        guard let filter, let transaction = session.transaction else { return resolution }
        switch resolution {
        case .deliver, .relay: break
        default: return resolution
        }
        guard let refusal = await filter.recipient(recipient, in: transaction) else { return resolution }
        return .refused(refusal)
    }

    /// A filter's refusal; 421 ends the connection.
    func perform(refusal reply: SMTPReply) {
        perform(reply.code == 421 ? .close(reply) : session.refused(reply))
    }
}
