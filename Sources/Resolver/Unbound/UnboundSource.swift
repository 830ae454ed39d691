// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
package import DNSRecords
package import Events
internal import Glibc
internal import Locking
package import Runtime
package import Settings

/// Records from libunbound, with the settings in force.
///
/// When settings or resolv.conf change, a new libunbound takes the place of the old one, which answers what it was asked.
package final class UnboundSource: RecordSource {
    private struct State {
        var context: UnboundContext?
        /// What the settings ask for, and what is in force: without DNSSEC, if the servers take signatures out.
        var configuration: UnboundConfiguration?
        var inForce: UnboundConfiguration?
        var proofs = Proofs.unknown
        var triedProofs: ContinuousClock.Instant?
        /// Names without an answer since the last answer.
        var silent: Set<DomainName> = []
        var saidSilent = false
        /// What went wrong with the settings, so that it is said once.
        var failure: String?
        var isStale = false
    }

    /// How long it takes to see that resolv.conf changed.
    package static let interval: Duration = .seconds(5)
    /// Pause between looks at whether settings changed.
    private static let tick: Duration = .milliseconds(250)
    /// After so many names without any answer it is an error.
    private static let silence = 10
    /// Whether the servers leave signatures in.
    private enum Proofs: Sendable {
        case given
        case taken
        /// They gave no answer.
        case unknown

        /// When they are tried again.
        var interval: Duration? {
            switch self {
            case .given: nil
            case .taken: .seconds(600)
            case .unknown: .seconds(30)
            }
        }
    }

    private static let proofTimeout: Duration = .seconds(5)

    private let settings: LiveSettings
    private let events: EventRecorder
    /// Runs what reads an answer, so that it is known what was read should it end the process.
    private let reading: @Sendable (DNSQuestion, () -> RecordLookup) -> RecordLookup?
    private let state = Lock(State())

    /// - Parameter reading: calls its closure; or gives `nil` for a question that is not to be asked.
    package init(
        settings: LiveSettings,
        events: EventRecorder,
        reading: @escaping @Sendable (DNSQuestion, () -> RecordLookup) -> RecordLookup? = { $1() }
    ) {
        self.settings = settings
        self.events = events
        self.reading = reading
    }

    deinit { state.withLock { $0.context }?.retire() }

    // MARK: Asking

    package func lookUp(_ question: DNSQuestion, by deadline: ContinuousClock.Instant) async -> RecordLookup {
        let start = ContinuousClock.now
        guard let context = await context(by: deadline) else {
            return RecordLookup(question, .failed("the resolver is not configured"))
        }
        let ending = await context.ask(question, by: deadline)
        let took = start.duration(to: .now)
        switch ending {
        case .failed(let reason):
            note(question, isAnswered: false)
            return RecordLookup(question, .failed(reason), took: took)
        case .answer(let answer):
            note(question, isAnswered: answer.responseCode == .noError || answer.responseCode == .nameError)
            if let bogus = answer.bogus {
                events.record(.resolverBogus, ["dns.question": .string("\(question)"), "dns.reason": .string(bogus)])
            }
            guard let lookup = reading(question, { RecordLookup(question, answer, took: took) }) else {
                return RecordLookup(question, .failed("set aside: the resolver died over it"), took: took)
            }
            return lookup
        }
    }

    /// The libunbound in force; while there is none yet, it is waited for.
    private func context(by deadline: ContinuousClock.Instant) async -> UnboundContext? {
        while true {
            if let context = state.withLock({ $0.context }) { return context }
            guard deadline > .now, let loop = EventLoop.current,
                (try? await loop.sleep(for: .milliseconds(20))) != nil
            else { return nil }
        }
    }

    /// Counts names without answers, and says when they become many and when that is over.
    private func note(_ question: DNSQuestion, isAnswered: Bool) {
        let event: EventDefinition? = state.withLock { state in
            if isAnswered {
                state.silent = []
                defer { state.saidSilent = false }
                return state.saidSilent ? .resolverAnswers : nil
            }
            guard !state.saidSilent else { return nil }
            state.silent.insert(question.name)
            guard state.silent.count >= Self.silence else { return nil }
            state.saidSilent = true
            return .resolverSilent
        }
        if let event { events.record(event) }
    }

    // MARK: Configuration

    /// Follows settings and resolv.conf until the loop drains.
    ///
    /// The calling task runs on `loop`.
    package func follow(on loop: EventLoop) async {
        settings.observe { [weak self] _ in self?.state.withLock { $0.isStale = true } }
        while true {
            state.withLock { $0.isStale = false }
            await configure()
            let next = ContinuousClock.now + Self.interval
            while ContinuousClock.now < next, !state.withLock({ $0.isStale }) {
                guard (try? await loop.sleep(for: Self.tick)) != nil else { return }
            }
        }
    }

    /// Puts the settings in force; does nothing when they already are.
    ///
    /// Reads files and asks the name servers whether they know DNSSEC: a few seconds when they do not answer.
    package func configure() async {
        let snapshot = settings.current
        do throws(UnboundError) {
            let configuration = try await Self.configuration(snapshot)
            guard needs(configuration) else { return }
            var proofs = Proofs.given
            if configuration.trustAnchors != nil, !configuration.servers.isEmpty,
                snapshot[ResolverSettings.dnssec] == .auto
            {
                proofs = try await Self.proofs(configuration)
            }
            let chosen = proofs == .taken ? configuration.unproved : configuration
            let isInForce = state.withLock { state in
                state.configuration = configuration
                (state.proofs, state.triedProofs, state.failure) = (proofs, .now, nil)
                return state.inForce == chosen
            }
            guard !isInForce else { return }
            let context = try UnboundContext(chosen)
            let old = state.withLock { state in
                defer { (state.context, state.inForce) = (context, chosen) }
                return state.context
            }
            old?.retire()
            say(configuration, isUnproved: proofs == .taken)
        } catch {
            let isNews = state.withLock { state in
                defer { state.failure = error.description }
                return state.failure != error.description
            }
            if isNews { events.record(.resolverNotConfigured, ["error": .string(error.description)]) }
        }
    }

    /// Asks each server that the settings name, on its own, and says how that went.
    package func status() async -> ResolverStatus {
        let (configuration, known, failure) = state.withLock { ($0.configuration, $0.proofs, $0.failure) }
        guard let configuration else {
            return ResolverStatus(servers: [], proofs: "none", failure: failure ?? "not configured yet")
        }
        var places = configuration.servers.map { ($0, DomainName.root, RecordType.ns) }
        for zone in configuration.zones.zones {
            guard let name = DomainName(zone.name) else { continue }
            places += zone.servers.map { ($0, name, RecordType.soa) }
        }
        let servers = await withTaskGroup(of: (Int, ResolverStatus.Server).self) { group in
            for (index, (server, name, type)) in places.enumerated() {
                group.addTask { (index, await Self.probe(server, name, type, configuration)) }
            }
            var found: [(Int, ResolverStatus.Server)] = []
            for await one in group { found.append(one) }
            return found.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let proofs = configuration.trustAnchors == nil ? "off" : known == .taken ? "absent" : "on"
        return ResolverStatus(servers: servers, proofs: proofs, failure: failure)
    }

    private static let probeTimeout: Duration = .seconds(3)

    /// One server, without DNSSEC and without what others know.
    private static func probe(
        _ server: NameServer,
        _ name: DomainName,
        _ type: RecordType,
        _ configuration: UnboundConfiguration
    ) async -> ResolverStatus.Server {
        var alone = configuration.unproved
        (alone.servers, alone.zones) = ([server], ZoneServers())
        if !name.isRoot { alone.insecureZones.names.append(name.description) }
        let (start, question) = (ContinuousClock.now, DNSQuestion(name, type))
        var status = ResolverStatus.Server(name: "\(server)", zone: "\(name)", milliseconds: 0, failure: nil)
        do throws(UnboundError) {
            let context = try UnboundContext(alone)
            defer { context.retire() }
            switch await context.ask(question, by: start + probeTimeout) {
            case .failed(let reason): status.failure = reason
            case .answer(let answer):
                if answer.responseCode != .noError, answer.responseCode != .nameError {
                    status.failure = "\(answer.responseCode)"
                }
            }
        } catch {
            status.failure = error.description
        }
        status.milliseconds = start.duration(to: .now).wholeMilliseconds
        return status
    }

    private func needs(_ configuration: UnboundConfiguration) -> Bool {
        state.withLock { state in
            guard state.configuration == configuration else { return true }
            guard let interval = state.proofs.interval, let tried = state.triedProofs else { return false }
            return tried.duration(to: .now) >= interval
        }
    }

    private func say(_ configuration: UnboundConfiguration, isUnproved: Bool) {
        let servers = configuration.servers.map(\.description)
        events.record(
            .resolverConfigured,
            [
                "resolver.servers": .list(servers.isEmpty ? ["recursion"] : servers),
                "resolver.zones": .list(configuration.zones.zones.map(\.name)),
                "resolver.dnssec": .bool(configuration.trustAnchors != nil && !isUnproved),
            ]
        )
        if isUnproved { events.record(.resolverWithoutDNSSEC, ["resolver.servers": .list(servers)]) }
    }

    /// Whether the servers give what proofs need: the keys of the root zone.
    ///
    /// Only an answer that lacks them counts against them.
    private static func proofs(_ configuration: UnboundConfiguration) async throws(UnboundError) -> Proofs {
        let context = try UnboundContext(configuration)
        defer { context.retire() }
        guard case .answer(let answer) = await context.ask(DNSQuestion(.root, .dnskey), by: .now + proofTimeout) else {
            return .unknown
        }
        guard answer.bogus == nil else { return .taken }
        return answer.responseCode == .noError ? .given : .unknown
    }

    private static func configuration(_ settings: SettingsSnapshot) async throws(UnboundError) -> UnboundConfiguration {
        let conf = settings[ResolverSettings.resolvConf]
        let anchors = settings[ResolverSettings.trustAnchors]
        let (confOctets, anchorOctets) = await BlockingPool.shared.run { (contents(conf), contents(anchors)) }
        let servers: [NameServer] =
            switch settings[ResolverSettings.forwarders] {
            case .system: ResolvConf.servers(in: confOctets ?? [])
            case .recursion: []
            case .named(let servers): servers
            }
        var trusted: [String]?
        if settings[ResolverSettings.dnssec] != .off {
            trusted = UnboundConfiguration.rootAnchors
            if !anchors.isEmpty {
                guard let anchorOctets else { throw UnboundError(description: "cannot read \(anchors)") }
                trusted = try trustAnchors(in: anchorOctets, anchors)
            }
        }
        return UnboundConfiguration(settings, servers: servers, trustAnchors: trusted)
    }

    /// Records one a line, `;` begins a comment; what could end a line or a string of the configuration is refused.
    static func trustAnchors(in octets: [UInt8], _ name: String) throws(UnboundError) -> [String] {
        let lines = octets.split(separator: ASCII.lf).map { line in
            line.prefix { $0 != UInt8(ascii: ";") }.map { ASCII.isBlank($0) || $0 == ASCII.cr ? ASCII.space : $0 }
        }
        let records = lines.filter { line in line.contains { $0 != ASCII.space } }
        guard !records.isEmpty else { throw UnboundError(description: "\(name) has no trust anchor") }
        guard records.allSatisfy({ $0.allSatisfy { (0x20...0x7E).contains($0) && !"\"\\".utf8.contains($0) } }) else {
            throw UnboundError(description: "\(name) is not a list of DS or DNSKEY records")
        }
        return records.map { String(decoding: $0, as: UTF8.self) }
    }

    /// At most 1 MiB of a file; `nil` when it cannot be read.
    private static func contents(_ path: String) -> [UInt8]? {
        guard !path.isEmpty else { return nil }
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var octets: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while octets.count < 1 << 20 {
            let count = unsafe read(file, &block, block.count)
            guard count > 0 else { return count == 0 ? octets : nil }
            octets += block[..<count]
        }
        return octets
    }
}
