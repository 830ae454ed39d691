// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailTypes
package import Runtime
package import Settings

/// Asks the resolver's process.
///
/// When that dies over a question, its successor is asked at once; what cannot be asked in time is *later*.
package final class ResolverClient: MailHostResolver {
    /// A question whose asking ended the resolver so often is left alone until the next try.
    private static let maximumDeaths = 3
    /// Pause while nobody listens.
    private static let pause: Duration = .milliseconds(50)
    /// For the answer to come over, after the resolver's own time is over.
    private static let grace: Duration = .milliseconds(500)

    private let path: String
    private let loop: EventLoop
    private let settings: LiveSettings
    private let events: EventRecorder

    /// - Parameters:
    ///   - path: of the resolver's socket.
    ///   - loop: where it is asked from when the caller is on no event loop.
    package init(path: String, loop: EventLoop, settings: LiveSettings, events: EventRecorder) {
        self.path = path
        self.loop = loop
        self.settings = settings
        self.events = events
    }

    package func mailHosts(of domain: Domain) async -> MailHostAnswer {
        await hosts(.mailHosts(domain: domain.text), of: domain)
    }

    package func addresses(of host: Domain) async -> MailHostAnswer {
        await hosts(.addresses(host: host.text), of: host)
    }

    private func hosts(_ request: ResolverRequest, of domain: Domain) async -> MailHostAnswer {
        switch await ask(request) {
        case .success(.hosts(let answer, _)): return answer
        case .success(let other): return Self.later(domain, "the resolver answered something else: \(other)")
        case .failure(let error): return Self.later(domain, error.reason)
        }
    }

    private static func later(_ domain: Domain, _ details: String) -> MailHostAnswer {
        .failed(
            ResolutionFailure(
                .later,
                "Where mail for \(domain) goes is not known now: the resolver of this server did not answer",
                details: details
            )
        )
    }

    /// Why the resolver gave no answer.
    package struct Unreachable: Error, Sendable {
        package var reason: String
    }

    /// Asks, and asks again when the resolver ends meanwhile, for as long as `resolver/timeout` lets it.
    package func ask(_ request: ResolverRequest) async -> Result<ResolverReply, Unreachable> {
        if let current = EventLoop.current { return await ask(request, on: current) }
        let loop = loop
        return await Task(executorPreference: loop) { await self.ask(request, on: loop) }.value
    }

    private func ask(_ request: ResolverRequest, on loop: EventLoop) async -> Result<ResolverReply, Unreachable> {
        let deadline = ContinuousClock.now + settings.current[ResolverSettings.timeout]
        var deaths = 0
        var last = "no time left"
        while ContinuousClock.now < deadline, deaths < Self.maximumDeaths {
            do throws(IOError) {
                switch try await exchange(request, on: loop, by: deadline) {
                case .reply(let reply): return .success(reply)
                case .noReply(let reason): last = reason
                }
                deaths += 1
            } catch {
                last = error.description
                // The listener is service control's: it is only gone while all of the server is.
                guard error != .shutdown, error != .timedOut, (try? await loop.sleep(for: Self.pause)) != nil else {
                    break
                }
            }
        }
        events.record(.resolverUnreachable, ["resolver.reason": .string(last)])
        return .failure(Unreachable(reason: last))
    }

    private enum Exchange {
        case reply(ResolverReply)
        /// The resolver went away, or said what is none.
        case noReply(String)
    }

    /// One request over a connection of its own; throws when there is no connection, or time is over.
    private func exchange(
        _ request: ResolverRequest,
        on loop: EventLoop,
        by deadline: ContinuousClock.Instant
    ) async throws(IOError) -> Exchange {
        let connection = try await Connection.connect(
            unixPath: path,
            loop: loop,
            timeout: ContinuousClock.now.duration(to: deadline)
        )
        defer { connection.abort() }
        // A delivery that was begun is finished while this process drains.
        connection.defersShutdown = true
        connection.idleTimeout = .seconds(3600)
        connection.deadline = deadline + Self.grace
        let time = ContinuousClock.now.duration(to: deadline).wholeMilliseconds
        connection.write(ResolverFrame.framed(request.encoded(within: time)))
        do throws(IOError) {
            let prefix = try await connection.readExactly(ResolverFrame.prefixOctets)
            guard let length = ResolverFrame.length(prefix) else { return .noReply("an answer that is too long") }
            let octets = try await connection.readExactly(length)
            guard let reply = try? ResolverReply(decoding: octets) else {
                return .noReply("an answer that cannot be read")
            }
            return .reply(reply)
        } catch {
            if error == .closed { return .noReply("the resolver ended meanwhile") }
            throw error
        }
    }
}
