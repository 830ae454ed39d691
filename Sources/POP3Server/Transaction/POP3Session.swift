// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailStore
internal import MailTypes
package import POP3Wire
package import Runtime
package import SASL

/// What a session knows of its client.
///
/// The connection it runs over may come from a front-end and tell nothing.
package struct POP3Client: Sendable {
    package var user: AuthenticatedUser
    /// Address of the client, without port.
    package var peer: String
    package var channel: SASLChannel
    /// What the directory could check at the log-on.
    package var mechanisms: [SASLMechanism]
    /// It has said UTF8 before the log-on, and takes headers in UTF-8 (RFC 6856 §2.1).
    package var acceptsUTF8: Bool

    package init(
        user: AuthenticatedUser,
        peer: String,
        channel: SASLChannel,
        mechanisms: [SASLMechanism] = SASLMechanism.passwords,
        acceptsUTF8: Bool = false
    ) {
        self.acceptsUTF8 = acceptsUTF8
        self.user = user
        self.peer = peer
        self.channel = channel
        self.mechanisms = mechanisms
    }
}

/// The TRANSACTION state, and UPDATE at its end (RFC 1939 §5, §6).
///
/// Invariants: message numbers and unique ids do not change during a session, nor the latter ever. Nothing is deleted
/// but by QUIT. The size that is told of a message is that of what is sent. No damaged, busy or failing message ends the
/// session; only a message that breaks after its first part was sent closes the connection, since the client could not
/// tell that its end is missing.
package struct POP3Session {
    let account: any MailAccount
    let client: POP3Client
    let limits: POP3Limits
    /// Whether a damaged message is refused as a whole instead of being sent filled.
    let refusesDamaged: Bool
    let events: EventRecorder
    let plain: PlainMessages
    var maildrop: POP3Maildrop
    var retrieved = 0
    var hasFoundSurrogates = false
    /// Numbers of messages that only a client that has said UTF8 can have.
    var unsendable: Set<Int> = []

    /// Opens INBOX of the account.
    ///
    /// When it throws, no session began: `refusal(of:)` says what to tell the client, who may then log on again.
    package static func open(
        _ account: any MailAccount,
        for client: POP3Client,
        limits: POP3Limits,
        refusesDamaged: Bool,
        plain: PlainMessages = PlainMessages(),
        events: EventRecorder
    ) async throws(MailStoreError) -> POP3Session {
        let snapshot = try await account.snapshot(of: .inbox)
        return POP3Session(
            account: account,
            client: client,
            limits: limits,
            refusesDamaged: refusesDamaged,
            events: events.adding([
                "pop3.user": .string(client.user.name.description), "pop3.peer": .string(client.peer),
            ]),
            plain: plain,
            maildrop: POP3Maildrop(snapshot)
        )
    }

    /// The reply to a log-on whose maildrop cannot be opened.
    package static func refusal(of error: MailStoreError) -> POP3Reply {
        switch error.code {
        case .busy: .err(.inUse, "the maildrop is in use, try again")
        case .damaged: .err(.systemPermanent, "the maildrop is damaged")
        default: .err(.systemTemporary, "the maildrop cannot be opened now, try again")
        }
    }

    /// Answers the log-on that is still waiting for its reply, then serves until the client quits or goes away.
    package mutating func run(_ connection: Connection) async {
        connection.idleTimeout = limits.idleTimeout
        connection.deadline = nil
        connection.write(.ok("maildrop has \(maildrop.count) messages (\(maildrop.octets) octets)"))
        let ending: String
        do throws(IOError) {
            ending = try await serve(connection)
        } catch {
            // RFC 1939 §3: an idle client is left without a reply, and nothing is deleted.
            ending = error.description
        }
        events.record(.pop3SessionEnded, ["pop3.reason": .string(ending), "pop3.retrieved": .count(retrieved)])
    }

    private mutating func serve(_ connection: Connection) async throws(IOError) -> String {
        while true {
            let line: Line?
            do throws(IOError) {
                line = try await connection.readLine(maximum: POP3Command.maximumLineOctets)
            } catch .lineTooLong {
                connection.write(.err(nil, "line too long"))
                continue
            }
            guard let line else { return "left without QUIT" }
            switch Result(catching: { () throws(POP3SyntaxError) in try POP3Command(parsing: line.bytes) }) {
            case .success(.quit):
                await quit(connection)
                return "quit"
            case .success(let command):
                try await perform(command, connection)
            case .failure(let error):
                connection.write(.err(nil, error.text))
            }
        }
    }

    private mutating func perform(_ command: POP3Command, _ connection: Connection) async throws(IOError) {
        switch command {
        case .capa: capabilities(connection)
        case .dele(let number): delete(number, connection)
        case .lang(nil): connection.write(.ok("languages follow"), lines: POP3Language.listing)
        case .lang(let range?): connection.write(POP3Language.reply(to: range))
        case .list(let number): try await list(number, connection)
        case .noop: connection.write(.ok(""))
        case .retr(let number): try await retrieve(number, connection)
        case .rset: reset(connection)
        case .stat:
            await findSurrogates()
            connection.write(.ok("\(maildrop.count) \(maildrop.octets)"))
        case .top(let number, let lines): try await top(number, lines, connection)
        case .uidl(let number): try await uniqueIDs(number, connection)
        case .last: connection.write(.err(nil, "LAST is obsolete: use UIDL"))
        default: connection.write(.err(nil, "\(command.keyword) is not valid after log-on"))
        }
    }
}
