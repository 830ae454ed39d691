// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Runtime
package import Settings

/// The listening sockets of an instance, by listener. Bound once, before root is given up; they live as long as
/// service control does.
package struct BoundSockets: Sendable {
    /// The exit code of failures that may pass: another program listens there.
    static let portTaken: Int32 = 75

    package let descriptors: [(listener: ListenerDefinition, fd: Int32)]

    /// Binds what the settings ask for. Throws a message that names the listener, the address and what to do.
    package init(_ settings: SettingsSnapshot) throws(InstanceError) {
        var bound: [(ListenerDefinition, Int32)] = []
        for listener in ListenerDefinition.all {
            guard let port = listener.port(settings) else { continue }
            let key = listener.isInternal ? ServiceSettings.internalAddresses : ServiceSettings.addresses
            var bindings = 0
            for host in settings[key] {
                for address in try Self.addresses(host, port, key.path) {
                    guard let fd = try Self.bind(listener, address, isWildcard: host == "*") else { continue }
                    bound.append((listener, fd))
                    bindings += 1
                }
            }
            guard bindings > 0 else {
                throw InstanceError("\(listener.name): none of the addresses in \(key.path) exists here", exitCode: 78)
            }
        }
        descriptors = bound
    }

    private static func addresses(_ host: String, _ port: UInt16, _ key: String) throws(InstanceError)
        -> [SocketAddress]
    {
        if host == "*" { return ["0.0.0.0", "::"].compactMap { SocketAddress(host: $0, port: port) } }
        guard let address = SocketAddress(host: host, port: port) else {
            throw InstanceError("\(key): \"\(host)\" is not a numeric address", exitCode: 78)
        }
        return [address]
    }

    private static func bind(
        _ listener: ListenerDefinition,
        _ address: SocketAddress,
        isWildcard: Bool
    ) throws(InstanceError) -> Int32? {
        do {
            return try bindTCP(address)
        } catch {
            guard case .system(let code, _) = error else { throw failure(listener, address, error) }
            // A machine without IPv6 is no reason not to start.
            if code == EAFNOSUPPORT || code == EADDRNOTAVAIL, isWildcard || address.host == "::1" { return nil }
            throw failure(listener, address, error)
        }
    }

    private static func failure(
        _ listener: ListenerDefinition,
        _ address: SocketAddress,
        _ error: IOError
    ) -> InstanceError {
        let (advice, exitCode): (String, Int32) =
            switch error {
            case .system(EADDRINUSE, _):
                (
                    "Another program listens there. Stop it, or set \(listener.name)/port or service/port-base.",
                    portTaken
                )
            case .system(EACCES, _):
                ("Ports below 1024 need root or CAP_NET_BIND_SERVICE. Start as root, or set service/port-base.", 77)
            default: ("Set service/addresses or \(listener.name)/port.", 69)
            }
        return InstanceError(
            "cannot listen on \(address) for \(listener.name): \(error). \(advice)",
            exitCode: exitCode
        )
    }
}
