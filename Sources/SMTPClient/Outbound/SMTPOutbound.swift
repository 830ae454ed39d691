// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes
package import Runtime
internal import SMTPWire

/// Sends messages to other servers, and keeps connections open between messages.
///
/// Callers run on an event loop. What a connection was opened with (`SMTPOutboundOptions`) is what it is used for.
package final class SMTPOutbound: Sendable {
    /// Connections that are kept for one loop, host and options.
    private static let maximumIdle = 4

    private struct Place: Hashable {
        var loop: ObjectIdentifier
        var host: SMTPHost
        var options: SMTPOutboundOptions
    }

    /// A session that nobody uses.
    ///
    /// Safe to pass: it was put down by a task of `Place.loop` and is picked up by a task of the same loop, so that it
    /// never leaves its thread.
    private struct Idle: @unchecked Sendable {
        let session: SMTPClientSession
        let latest: ContinuousClock.Instant
    }

    private let idle = Lock<[Place: [Idle]]>([:])
    private let trusting: TLSContext
    private let verifying: TLSContext

    /// - Parameter authoritiesFile: PEM file of authorities that certificates are verified by; `nil` for the system's.
    package init(authoritiesFile: String? = nil) throws(TLSError) {
        trusting = try TLSContext.client(verify: false)
        verifying = try TLSContext.client(verify: true, authoritiesFile: authoritiesFile)
    }

    private static let mostHosts = 64

    /// Tries hosts in turn until each recipient has a word that counts.
    ///
    /// The next host is asked for after any failure before the last reply, for recipients that a server puts off (4yz),
    /// and where a server lacks what the message needs. A server's 5yz is final. A recipient in doubt is offered to no
    /// further host. Total: one outcome for each recipient, in their order; without any host all are put off.
    ///
    /// - Parameters:
    ///   - maximumHosts: hosts that are tried however long that takes; further ones, to 64, while the first minute lasts,
    ///     for most of those that are away say so at once.
    ///   - hosts: asked for the next host only when it is needed; `nil` ends the list.
    package func send(
        _ message: OutboundMessage,
        via options: SMTPOutboundOptions,
        maximumHosts: Int = 5,
        observer: (any OutboundObserver)? = nil,
        hosts: () async -> SMTPHost?
    ) async -> OutboundResult {
        var delivery = OutboundDelivery(self, message, options, observer)
        let minute = ContinuousClock.now + .seconds(60)
        for number in 0..<max(Self.mostHosts, maximumHosts) {
            guard number < max(1, maximumHosts) || .now < minute else { break }
            guard delivery.hasPending, let host = await hosts() else { break }
            await delivery.talk(to: host)
        }
        return delivery.result
    }

    /// As above, with the hosts known.
    package func send(
        _ message: OutboundMessage,
        via options: SMTPOutboundOptions,
        hosts: [SMTPHost],
        observer: (any OutboundObserver)? = nil
    ) async -> OutboundResult {
        var rest = hosts[...]
        return await send(message, via: options, maximumHosts: hosts.count, observer: observer) { rest.popFirst() }
    }

    // MARK: Connections

    /// What is given up to get on with a server that errs.
    struct Manner: Sendable, Hashable {
        /// An idle connection may be used.
        var reuses = true
        var usesTLS = true
        var usesEHLO = true
        var usesChunking = true
    }

    /// A connection on which mail may be sent, new.
    func open(
        _ host: SMTPHost,
        _ options: SMTPOutboundOptions,
        _ manner: Manner,
        _ observer: (any OutboundObserver)?
    ) async throws(SMTPClientError) -> SMTPClientSession {
        // Nobody listens where an adopted connection came from.
        guard !options.isAdopted else { throw .closed }
        guard let loop = EventLoop.current else { throw SMTPClientError(.connect, .io(.closed)) }
        let connection: Connection
        do throws(IOError) {
            connection = try await Connection.connect(
                to: host.address,
                from: options.source(for: host.address),
                loop: loop,
                timeout: options.timeouts.connect
            )
        } catch {
            throw SMTPClientError(.connect, .io(error))
        }
        let session = SMTPClientSession(connection, options.dialect, timeouts: options.timeouts)
        session.observer = observer
        observer?.show(.connected(host))
        do throws(SMTPClientError) {
            try await prepare(session, host, options, manner)
        } catch {
            // A server that can still read is told; the error is the same.
            if case .io = error.cause { session.abort() } else { await session.quit() }
            throw error
        }
        return session
    }

    private func prepare(
        _ session: SMTPClientSession,
        _ host: SMTPHost,
        _ options: SMTPOutboundOptions,
        _ manner: Manner
    ) async throws(SMTPClientError) {
        let context = options.security == .verify ? verifying : trusting
        if options.implicitTLS { try await session.connectTLS(context, serverName: host.name) }
        try await session.open(as: options.heloName, extended: manner.usesEHLO)
        if !options.implicitTLS, options.security != .none, manner.usesTLS {
            try await startTLS(session, context, host, options)
        }
        if !manner.usesChunking { session.capabilities.forget("CHUNKING") }
        if let credentials = options.credentials {
            try await session.authenticate(credentials, isPeerVerified: options.security == .verify)
        }
    }

    private func startTLS(
        _ session: SMTPClientSession,
        _ context: TLSContext,
        _ host: SMTPHost,
        _ options: SMTPOutboundOptions
    ) async throws(SMTPClientError) {
        guard session.capabilities.startTLS || options.security.needsTLS else { return }
        do throws(SMTPClientError) {
            try await session.startTLS(context, serverName: host.name, as: options.heloName)
        } catch {
            // A server that says no to STARTTLS goes on in the clear, where that will do.
            guard case .refused(let reply) = error.cause, error.stage == .tls, reply.code != 421,
                !options.security.needsTLS
            else { throw error }
        }
    }

    /// An idle connection that its server has not closed meanwhile.
    func takeIdle(_ host: SMTPHost, _ options: SMTPOutboundOptions) -> SMTPClientSession? {
        guard let place = place(host, options) else { return nil }
        while let next = idle.withLock({ $0[place]?.popLast() }) {
            if next.latest > .now, next.session.isFresh { return next.session }
            next.session.abort()
        }
        return nil
    }

    /// Whether there is an idle connection, which stays where it is.
    func hasIdle(_ host: SMTPHost, _ options: SMTPOutboundOptions) -> Bool {
        guard let place = place(host, options), let next = idle.withLock({ $0[place]?.last }) else { return false }
        return next.latest > .now && next.session.isFresh
    }

    /// Keeps a connection for the next message, or ends it.
    func put(_ session: SMTPClientSession, _ host: SMTPHost, _ options: SMTPOutboundOptions) async {
        session.observer = nil
        guard let place = place(host, options), session.isFresh, session.mayGoOn(options) else {
            return await session.quit()
        }
        let next = Idle(session: session, latest: .now + options.maximumIdle)
        let isKept = idle.withLock { idle in
            guard idle[place, default: []].count < Self.maximumIdle else { return false }
            idle[place, default: []].append(next)
            return true
        }
        if !isKept { await session.quit() }
    }

    private func place(_ host: SMTPHost, _ options: SMTPOutboundOptions) -> Place? {
        EventLoop.current.map { Place(loop: ObjectIdentifier($0), host: host, options: options) }
    }

    /// Ends the connections of the calling task's loop that were kept long enough, or all of them.
    ///
    /// The owner calls it every few seconds on each loop, and at the end.
    package func closeIdle(all: Bool = false) async {
        guard let loop = EventLoop.current.map(ObjectIdentifier.init) else { return }
        let over = idle.withLock { idle in
            var over: [Idle] = []
            for (place, sessions) in idle where place.loop == loop {
                let kept = sessions.filter { !all && $0.latest > .now }
                over += sessions.filter { all || $0.latest <= .now }
                idle[place] = kept.isEmpty ? nil : kept
            }
            return over
        }
        for next in over { await next.session.quit() }
    }
}

extension SMTPClientSession {
    /// Whether the server, and we, want another message on this connection.
    func mayGoOn(_ options: SMTPOutboundOptions) -> Bool {
        let most = max(1, min(options.maximumMessagesPerConnection, capabilities.maximumTransactions ?? .max))
        return !isEnding && transactions < most
    }
}
