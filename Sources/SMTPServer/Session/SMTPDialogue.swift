// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import MailTypes
internal import ProtocolTrace
internal import Runtime
internal import SASL
internal import SMTPWire

/// Runs one connection: reads commands, asks the rules, acts, answers.
final class SMTPDialogue {
    let server: SMTPServer
    let connection: Connection
    private(set) var events: EventRecorder
    var session: SMTPSession
    /// The message whose chunks come in.
    var reception: MessageReception?
    var ledger = ChunkLedger()
    /// Recipients on this connection that are not here.
    var unknownRecipients = 0
    var hasTalkedEarly = false
    var excesses = ExcessCounts()
    /// Questions to lists that are under way.
    var listCheck: AddressListCheck?
    var listVerdict = AddressListVerdict()
    /// The look-up of the client's name.
    var nameCheck: ClientNameCheck?
    /// Asked about this client's mail; opened with its first message.
    var filter: (any MailFilter)?
    /// The client that the filters were told of.
    var filteredPeer: SocketAddress?
    var notes: SessionNotes
    private var isOver = false
    private var hasHeardCommand = false
    /// A proxy speaks for somebody: TLS, and the certificate in it, are the proxy's.
    private var isPresented = false
    /// The client left without QUIT.
    private var isBrokenOff = false

    init(_ server: SMTPServer, _ connection: Connection) {
        self.server = server
        self.connection = connection
        notes = SessionNotes(server, peer: connection.peer)
        events = Self.events(server, connection)
        session = Self.session(server, connection, server.limits(for: connection.peer), Self.channel(of: connection))
    }

    private static func events(_ server: SMTPServer, _ connection: Connection) -> EventRecorder {
        server.services.events.adding(["smtp.peer": .string(connection.peer.description)])
    }

    private static func session(
        _ server: SMTPServer,
        _ connection: Connection,
        _ limits: SMTPLimits,
        _ channel: SASLChannel
    ) -> SMTPSession {
        SMTPSession(
            server.service,
            limits: limits,
            hostName: server.hostName,
            peer: connection.peer.host,
            channel: channel,
            canStartTLS: server.tls != nil && !server.implicitTLS
        )
    }

    private static func channel(of connection: Connection) -> SASLChannel {
        if connection.tls != nil {
            return SASLChannel(
                .tls,
                bindings: connection.channelBindings,
                identities: connection.certifiedIdentities
            )
        }
        return SASLChannel(connection.peer.isLoopback ? .loopback : .clear)
    }

    /// What the client brings into a log-on: of what a proxy's TLS proves, nothing.
    private var channel: SASLChannel {
        let channel = Self.channel(of: connection)
        return isPresented ? SASLChannel(channel.security) : channel
    }

    /// XCLIENT: everything begins anew, for another client.
    private func present(_ address: SocketAddress?) {
        isPresented = true
        if let address {
            events.record(.clientPresented, ["smtp.client": .string(address.description)])
            connection.present(as: address)
        }
        notes = SessionNotes(server, peer: connection.peer)
        events = Self.events(server, connection)
        var limits = server.limits(for: connection.peer)
        // The proxy is still the same.
        limits.mayPresentClients = true
        let mechanisms = session.knownMechanisms
        session = Self.session(server, connection, limits, channel)
        session.knownMechanisms = mechanisms
        unknownRecipients = 0
        (listCheck, listVerdict) = (nil, AddressListVerdict())
        askLists()
        askName()
        if let refusal = refusalOfConnection() { return perform(.close(refusal)) }
        reply(session.greeting)
    }

    /// Holds the conversation, or greets with the given reply only: through TLS where that comes first.
    func run(turningAway away: SMTPReply? = nil) async {
        connection.idleTimeout = session.limits.commandTimeout
        if server.service != .internalLMTP { connection.deadline = .now + session.limits.preAuthenticationTimeout }
        do throws(IOError) {
            if !session.limits.mayPresentClients, let refusal = refusalOfConnection() {
                if !server.implicitTLS { reply(refusal) }
                return
            }
            if server.implicitTLS { try await establishTLS() }
            if let away { return reply(away) }
            if !session.limits.mayPresentClients {
                askLists()
                askName()
            }
            if server.service == .submission, let authenticator = server.services.authenticator {
                session.knownMechanisms = await authenticator.mechanisms()
            }
            if !endsForTalking(beforeAnswerTo: .greeting) { reply(session.greeting) }
            while !isOver, let line = try await nextLine() { try await take(line) }
            if hasHeardCommand, !isOver { isBrokenOff = true }
        } catch {
            leave(error)
        }
        reportFaults()
        notes.trace?.note(isBrokenOff ? "broken off" : "closed")
        await dropReception()
        await filter?.close()
    }

    // MARK: Commands

    /// Longest command line; AUTH carries its first response in it (RFC 4954 §4).
    private var maximumLine: Int {
        server.service == .submission && session.user == nil
            ? SASLServerExchange.maximumLineOctets : SMTPLimits.commandOctets
    }

    /// The next command line.
    ///
    /// One that is too long gets its reply and is passed over.
    private func nextLine() async throws(IOError) -> Line? {
        while !isOver {
            do throws(IOError) {
                return try await connection.readLine(maximum: maximumLine)
            } catch .lineTooLong {
                perform(session.fail(SMTPReply(500, .invalidCommand, "Line too long")))
            }
        }
        return nil
    }

    private func take(_ line: Line) async throws(IOError) {
        hasHeardCommand = true
        notes.heard(line.bytes)
        guard line.endsWithCRLF || session.limits.bareNewline == .normalize else {
            let reply = SMTPReply(500, .invalidCommand, "Lines end with CR LF (RFC 5321, 2.3.8)")
            return perform(session.fail(reply))
        }
        guard line.bytes.count <= SMTPLimits.commandOctets || Self.isAuth(line.bytes) else {
            return perform(session.fail(SMTPReply(500, .invalidCommand, "Line too long")))
        }
        let step: SMTPStep
        do throws(SMTPSyntaxError) {
            step = session.check(try SMTPCommand.parse(line.bytes))
        } catch {
            // How many octets follow a chunk that cannot be understood is unknown, and commands they must not become.
            step = Self.isChunk(line.bytes) ? .close(error.reply) : session.fail(error)
        }
        if case .reply = step, Self.isHello(line.bytes), endsForTalking(beforeAnswerTo: .hello) { return }
        if step == .receiveData, endsForTalking(beforeAnswerTo: .data) { return }
        try await act(step)
    }

    private static func isHello(_ line: [UInt8]) -> Bool {
        ["EHLO ", "HELO ", "LHLO "].contains { ASCII.equalIgnoringCase(line.prefix(5), $0.utf8) }
    }

    private static func isChunk(_ line: [UInt8]) -> Bool { ASCII.equalIgnoringCase(line.prefix(5), "BDAT ".utf8) }

    private static func isAuth(_ line: [UInt8]) -> Bool { ASCII.equalIgnoringCase(line.prefix(5), "AUTH ".utf8) }

    private func act(_ step: SMTPStep) async throws(IOError) {
        switch step {
        case .reply, .close: perform(step)
        case .startTLS: try await startTLS()
        case .authenticate(let auth): try await authenticate(auth)
        case .beginTransaction(let mail): await begin(mail)
        case .resolve(let recipient): await resolve(recipient)
        case .presentClient(let address): present(address)
        case .describe(let recipient, let expands): await describe(recipient, expands: expands)
        case .startQueue(let queue): await start(queue)
        case .relayOnDemand(let command): await relayOnDemand(command)
        case .receiveData: try await receiveData()
        case .receiveChunk(let chunk, let refusal): try await receive(chunk, refusal)
        }
        if session.transaction == nil { await dropReception() }
    }

    /// Steps that only say something.
    func perform(_ step: SMTPStep) {
        switch step {
        case .reply(let reply): self.reply(reply)
        case .close(let reply):
            if reply.code == 421 { events.record(.sessionCutOff, ["smtp.reply": .string(reply.summary)]) }
            self.reply(reply)
            isOver = true
        default: break
        }
    }

    /// Gathers a reply; it leaves when the client's pipelined commands are used up.
    func reply(_ reply: SMTPReply) {
        connection.write(reply.encoded)
        if notes.log != nil { notes.hello = session.hello?.name ?? "" }
        notes.said(reply)
    }

    /// A message whose transaction ended by RSET, EHLO or a refusal goes nowhere.
    private func dropReception() async {
        await reception?.abort()
        reception = nil
        await filter?.reset()
    }

    /// The connection cannot go on.
    private func leave(_ error: IOError) {
        switch error {
        case .timedOut:
            let reply = SMTPReply(421, .badConnection, "\(server.hostName) waited too long, closing connection")
            perform(.close(reply))
        case .shutdown:
            // Not counted as cut off: the service is going down and the client will come again.
            reply(SMTPReply(421, .notAccepting, "\(server.hostName) is going down, try again later"))
        case .tls(let reason): events.record(.handshakeFailed, ["tls.reason": .string(reason)])
        case .budgetExceeded:
            perform(.close(SMTPReply(421, .messageTooBig, "The message has no end, closing connection")))
        case .closed, .lineTooLong, .system: isBrokenOff = hasHeardCommand
        }
    }

    /// One event for all that was wrong with a session, so that a client gone mad fills no log.
    private func reportFaults() {
        reportExcesses()
        guard session.errors > 0 || isBrokenOff else { return }
        events.record(
            .sessionFaulty,
            ["smtp.errors": .count(session.errors), "smtp.broken-off": .bool(isBrokenOff)]
        )
    }

    // MARK: TLS

    private func startTLS() async throws(IOError) {
        // What comes behind STARTTLS in the clear could be anybody's (RFC 3207 §4.2).
        guard connection.bufferedCount == 0 else {
            events.record(.plaintextBehindStartTLS, ["smtp.octets": .count(connection.bufferedCount)])
            reply(SMTPReply(421, .security, "Nothing may follow STARTTLS, closing connection"))
            isOver = true
            return
        }
        reply(SMTPReply(220, .other, "Go ahead"))
        try await establishTLS()
    }

    private func establishTLS() async throws(IOError) {
        guard let context = server.tls else { throw .tls("no certificate") }
        try await connection.startTLS(context)
        session.tlsEstablished(channel)
        notes.trace?.note("TLS: \(connection.tls.map { "\($0.version) \($0.cipher)" } ?? "")")
    }
}
