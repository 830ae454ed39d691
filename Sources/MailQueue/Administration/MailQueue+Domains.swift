// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
internal import SMTPWire

/// Whose mail is asked for (RFC 1985 §5.1).
package enum QueueRequest: Sendable, Hashable, CustomStringConvertible {
    case domain(Domain)
    case domainAndBelow(Domain)
    /// All that waits for a connector.
    case connector(String)

    /// Reads `example.org`, `@example.org` or `#connector`; `nil` when that names nothing.
    package init?(text: String) {
        switch text.first {
        case "#":
            let name = String(text.dropFirst())
            guard (1...255).contains(name.utf8.count) else { return nil }
            self = .connector(name)
        case "@":
            guard let domain = Domain(String(text.dropFirst())) else { return nil }
            self = .domainAndBelow(domain)
        default:
            guard let domain = Domain(text) else { return nil }
            self = .domain(domain)
        }
    }

    package var description: String {
        switch self {
        case .domain(let domain): "\(domain)"
        case .domainAndBelow(let domain): "@\(domain)"
        case .connector(let name): "#\(name)"
        }
    }

    func covers(_ domain: Domain) -> Bool {
        switch self {
        case .domain(let own): own == domain
        case .domainAndBelow(let own): own == domain || domain.text.hasSuffix("." + own.text)
        case .connector: false
        }
    }

    /// Whether all that waits for a destination of this name is asked for; `nil` when it depends on the message.
    func covers(destination name: String) -> Bool? {
        if case .connector(let connector) = self { return name.hasPrefix(connector + "/") }
        let hop = name.split(separator: "/", maxSplits: 1).last.map(String.init) ?? name
        guard hop.hasPrefix("mx:") else { return nil }
        // The line of one domain has mail for others that have the same servers, too.
        return Domain(String(hop.dropFirst(3))).map(covers) == true ? true : nil
    }
}

extension MailQueue {
    /// Messages that are read to know their recipients, for one request.
    private static let maximumReads = 10_000

    /// Has what waits for a domain or a connector tried now, and says how many messages that are.
    ///
    /// Mail for this server's own accounts waits for nobody.
    package func start(_ request: QueueRequest) async -> Int {
        var whole: Set<UInt32> = []
        var mixed: Set<UInt32> = []
        for number in state.destinations.inUse where state.destinations[number].recipients > 0 {
            let name = state.destinations[number].name
            guard name != Self.localDestination else { continue }
            switch request.covers(destination: name) {
            case true?: whole.insert(number)
            case nil: mixed.insert(number)
            case false?: break
            }
        }
        guard !whole.isEmpty || !mixed.isEmpty else { return 0 }
        var (count, reads) = (0, 0)
        var woken = whole
        for id in waiting(for: whole.union(mixed)) {
            guard let entry = state.entries[id], !entry.isFrozen else { continue }
            var wanted = Set(entry.slots.filter { !$0.state.isFinal }.map(\.destination)).intersection(whole)
            if wanted.isEmpty, reads < Self.maximumReads {
                reads += 1
                wanted = await destinations(of: id, among: mixed, request)
            }
            guard !wanted.isEmpty else { continue }
            count += 1
            woken.formUnion(wanted)
            state.force(id, only: wanted, sparingDoubt: true)
            for number in wanted { state.schedule(id, for: number, at: now) }
        }
        for number in woken { state.wake(number) }
        services.events.record(
            .forced,
            ["queue.request": .string("\(request)"), "queue.messages": .count(count)]
        )
        kick()
        return count
    }

    private func waiting(for destinations: Set<UInt32>) -> [QueueID] {
        state.entries.filter { _, entry in
            entry.slots.contains { !$0.state.isFinal && destinations.contains($0.destination) }
        }.map(\.key).sorted()
    }

    /// Where recipients of the domain wait whose destination is shared with other domains.
    private func destinations(of id: QueueID, among mixed: Set<UInt32>, _ request: QueueRequest) async -> Set<UInt32> {
        guard let loaded = try? await load(id) else { return [] }
        var found: Set<UInt32> = []
        for (recipient, slot) in zip(loaded.message.recipients, loaded.entry.slots)
        where !slot.state.isFinal && mixed.contains(slot.destination) {
            if case .address(let address) = recipient.command.forwardPath, request.covers(address.domain) {
                found.insert(slot.destination)
            }
        }
        return found
    }
}
