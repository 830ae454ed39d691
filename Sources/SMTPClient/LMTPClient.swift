// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes
internal import Runtime
package import SMTPWire

/// One message for one account, as the transport hands it to the back-end.
package struct LMTPDelivery: Sendable {
    package var mail: MailCommand
    package var recipient: RecipientCommand

    /// - Parameters:
    ///   - delivery: the same at every try, so that a try whose outcome is unknown may be repeated.
    ///   - usesUTF8: the message came with SMTPUTF8.
    package init(
        from sender: ReversePath,
        to address: MailboxAddress,
        account: AccountID,
        delivery: DeliveryID,
        trace: TraceID,
        usesUTF8: Bool
    ) {
        mail = MailCommand(sender)
        mail.usesUTF8 = usesUTF8
        mail.trace = trace
        recipient = RecipientCommand(.address(address))
        recipient.account = account
        recipient.delivery = delivery
    }

    /// As the sender's own copy.
    package var asSentCopy: LMTPDelivery {
        var copy = self
        copy.recipient.isSentCopy = true
        return copy
    }
}

/// Hands messages to workers on this machine over Unix sockets.
///
/// Connections are kept open between messages, a few for each loop and socket. Callers run on an event loop.
package final class LMTPClient: Sendable {
    /// Connections that are kept for one loop and socket.
    private static let maximumIdle = 8

    private struct Place: Hashable {
        var loop: ObjectIdentifier
        var path: String
    }

    /// A session that nobody uses.
    ///
    /// Safe to pass: it was put down by a task of `Place.loop` and is picked up by a task of the same loop, so that it
    /// never leaves its thread.
    private struct Idle: @unchecked Sendable {
        let session: SMTPClientSession
    }

    private let idle = Lock<[Place: [Idle]]>([:])
    private let name: String
    private let timeouts: SMTPTimeouts

    /// - Parameter name: what we call ourselves in LHLO.
    package init(name: String, timeouts: SMTPTimeouts = .local) {
        self.name = name
        self.timeouts = timeouts
    }

    /// Delivers one message; one round trip on a connection that is open already.
    ///
    /// Throws when no answer was had: the same delivery may then be tried again.
    package func deliver(
        _ delivery: LMTPDelivery,
        _ content: any MessageContent,
        to path: String
    ) async throws(SMTPClientError) -> SMTPReply {
        try await withSession(to: path) { (session) throws(SMTPClientError) in
            let answers = try await session.transact(delivery.mail, [delivery.recipient], content, optimistic: true)
            return answers.first ?? SMTPReply(451, .mailSystem, "No answer")
        }
    }

    /// Asks whether an account would take a message of so many octets; one round trip, and nothing is stored.
    ///
    /// Throws when no answer was had.
    package func verify(
        _ address: MailboxAddress,
        account: AccountID,
        octets: UInt64?,
        at path: String
    ) async throws(SMTPClientError) -> SMTPReply {
        var mail = MailCommand(.null)
        mail.size = octets
        mail.usesUTF8 = true
        var recipient = RecipientCommand(.address(address))
        recipient.account = account
        let (command, target) = (mail, recipient)
        return try await withSession(to: path) { (session) throws(SMTPClientError) in
            try await session.verify(command, target)
        }
    }

    private func withSession(
        to path: String,
        _ body: (SMTPClientSession) async throws(SMTPClientError) -> SMTPReply
    ) async throws(SMTPClientError) -> SMTPReply {
        guard let loop = EventLoop.current else { throw SMTPClientError(.connect, .io(.closed)) }
        let place = Place(loop: ObjectIdentifier(loop), path: path)
        let session: SMTPClientSession
        if let open = take(place) { session = open } else { session = try await open(path, loop) }
        do throws(SMTPClientError) {
            let answer = try await body(session)
            if answer.code == 421 { await session.quit() } else { await put(session, place) }
            return answer
        } catch {
            session.abort()
            throw error
        }
    }

    private func open(_ path: String, _ loop: EventLoop) async throws(SMTPClientError) -> SMTPClientSession {
        let connection: Connection
        do throws(IOError) {
            connection = try await Connection.connect(unixPath: path, loop: loop, timeout: timeouts.connect)
        } catch {
            throw SMTPClientError(.connect, .io(error))
        }
        // What was begun for a client is finished, even while this process drains.
        connection.defersShutdown = true
        let session = SMTPClientSession(connection, .lmtp, timeouts: timeouts)
        do throws(SMTPClientError) {
            try await session.open(as: name)
        } catch {
            session.abort()
            throw error
        }
        return session
    }

    /// An idle session that its server has not closed meanwhile.
    private func take(_ place: Place) -> SMTPClientSession? {
        while let next = idle.withLock({ $0[place]?.popLast() }) {
            if next.session.isFresh { return next.session }
            next.session.abort()
        }
        return nil
    }

    private func put(_ session: SMTPClientSession, _ place: Place) async {
        let next = Idle(session: session)
        let isKept = idle.withLock { idle in
            guard idle[place, default: []].count < Self.maximumIdle else { return false }
            idle[place, default: []].append(next)
            return true
        }
        if !isKept { await session.quit() }
    }
}
