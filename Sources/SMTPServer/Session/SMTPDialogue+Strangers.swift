// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SMTPWire

// Lists of addresses and greylisting, for who sends mail to this server without a log-on.
extension SMTPDialogue {
    private var isStranger: Bool {
        server.service == .receive && session.user == nil && !session.limits.isTrusted
            && !session.mayRelay(from: connection.peer)
    }

    /// Begins to ask the lists, while the client goes on.
    func askLists() {
        guard isStranger, !connection.peer.isLoopback, !session.limits.lists.isEmpty,
            let source = server.services.clients.lists
        else { return }
        listCheck = AddressListCheck(
            session.limits.lists,
            of: connection.peer,
            source,
            server.services.clients.listHealth,
            within: session.limits.listTimeout
        )
    }

    /// Why this recipient is refused by a list; postmaster never is (RFC 5321 §4.5.1).
    func refusalByLists(_ recipient: ForwardPath) async -> SMTPReply? {
        if let check = listCheck {
            listCheck = nil
            let (verdict, silent) = await check.verdict()
            if !silent.isEmpty { events.record(.listsUnanswered, ["smtp.lists": .list(silent)]) }
            listVerdict = verdict
            if !verdict.lists.isEmpty {
                events.record(
                    .listed,
                    [
                        "smtp.lists": .list(verdict.lists.map(\.zone)), "smtp.score": .count(verdict.score),
                        "smtp.allowed": .bool(verdict.isAllowed),
                    ],
                    trace: session.transaction?.trace.text
                )
            }
        }
        guard !listVerdict.isAllowed, !Self.isPostmaster(recipient) else { return nil }
        if let list = listVerdict.rejecting {
            return SMTPReply(550, .notAuthorized, "\(connection.peer.host) is listed by \(list.zone)")
        }
        guard listVerdict.score >= session.limits.listThreshold else { return nil }
        return SMTPReply(550, .notAuthorized, "\(connection.peer.host) is listed: \(listVerdict.marks)")
    }

    private static func isPostmaster(_ path: ForwardPath) -> Bool {
        switch path {
        case .postmaster: true
        case .address(let address): address.localPart.folded == "postmaster"
        }
    }

    /// Why a stranger has to come again, for a recipient who would be taken.
    func refusalOfStranger(_ recipient: ForwardPath) -> SMTPReply? {
        let limits = session.limits
        guard limits.greylists, isStranger, !listVerdict.isAllowed, let transaction = session.transaction,
            let greylist = server.services.clients.greylist,
            let seconds = greylist.wait(
                connection.peer,
                from: "\(transaction.reversePath)",
                to: "\(recipient)",
                delay: limits.greylistDelay,
                retention: limits.greylistRetention
            )
        else { return nil }
        return SMTPReply(451, .notAuthorized, "Greylisted: try again in \(seconds) s")
    }
}
