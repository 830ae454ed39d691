// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Resolver
internal import Runtime
package import ServiceControl

/// The worker that asks the domain name system: what strangers' name servers send is read here and nowhere else.
///
/// It holds no mail and no state but a cache.
package enum ResolverRole {
    /// Builds the role and starts its listener.
    package static func build(_ context: WorkerContext) async -> RunningRole {
        let (events, breadcrumbs, setAside) = (context.events, context.breadcrumbs, context.setAside)
        let source = UnboundSource(settings: context.settings, events: events) { question, read in
            let item = "dns:\(question)"
            guard !setAside.contains(item) else {
                events.record(.resolverSetAside, ["dns.question": .string("\(question)")])
                return nil
            }
            return breadcrumbs.working(on: item, read)
        }
        let loop = context.loop
        Task(executorPreference: loop) { await source.follow(on: loop) }
        let service = ResolverService(source, settings: context.settings, events: events)
        return RunningRole(
            listeners: context.listeners(for: .resolver) { await service.serve($0) },
            loops: [loop]
        )
    }
}
