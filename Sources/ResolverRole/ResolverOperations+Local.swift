// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Resolver
package import Settings

extension ResolverOperations {
    /// Without a running server: asks the name servers from this process.
    package init(asking settings: LiveSettings, events: EventRecorder) {
        let source = UnboundSource(settings: settings, events: events)
        let service = ResolverService(source, settings: settings, events: events)
        self.init { (request) in
            await source.configure()
            return await service.answer(request, by: .now + settings.current[ResolverSettings.timeout])
        }
    }
}
