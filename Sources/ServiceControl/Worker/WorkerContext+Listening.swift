// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc
package import Runtime
internal import Settings

extension WorkerContext {
    /// Listeners on the sockets that were handed down for `definition`, served on this worker's main loop.
    ///
    /// - Parameters:
    ///   - refusal: what a connection above `service/maximum-connections` gets before it is closed (nothing where TLS
    ///     comes first).
    package func listeners(
        for definition: ListenerDefinition,
        refusal: String,
        handler: @escaping @Sendable (Connection) async -> Void
    ) -> [Listener] {
        let (settings, events, proxyKey, name) = (settings, events, definition.proxyKey, definition.name)
        let instance = definition.instance ?? "1"
        return inheritance.descriptors(of: definition).map { descriptor in
            listener(descriptor, refusal: definition.hasImplicitTLS ? "" : refusal) { connection in
                let proxies = settings.current[proxyKey, instance: instance].compactMap(IPNetwork.init)
                guard proxies.contains(where: { $0.contains(connection.peer) }) else {
                    return await handler(connection)
                }
                let proxy = connection.peer
                let isAccepted = (try? await connection.acceptProxyHeader()) ?? false
                guard isAccepted else {
                    let fields: KeyValuePairs<String, EventValue> = [
                        "net.proxy": .string(proxy.description), "service.listener": .string(name),
                    ]
                    return events.record(.proxyWithoutHeader, fields)
                }
                await handler(connection)
            }
        }
    }

    /// Listeners on the sockets that other workers of this instance call, served on `loop` (none: the main loop).
    package func listeners(
        for socket: InternalSocket,
        on loop: EventLoop? = nil,
        handler: @escaping @Sendable (Connection) async -> Void
    ) -> [Listener] {
        inheritance.descriptors(of: socket).map { listener($0, on: loop, refusal: "", handler) }
    }

    private func listener(
        _ descriptor: Int32,
        on loop: EventLoop? = nil,
        refusal: String,
        _ handler: @escaping @Sendable (Connection) async -> Void
    ) -> Listener {
        Listener(
            fd: descriptor,
            loops: [loop ?? self.loop],
            maximumConnections: settings.current[ServiceSettings.maximumConnections],
            refusal: Array(refusal.utf8),
            handler: handler
        )
    }

    /// What this server calls itself in greetings and trace fields.
    package var hostName: String {
        let configured = settings.current[ServiceSettings.hostName]
        guard configured.isEmpty else { return configured }
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }
}
