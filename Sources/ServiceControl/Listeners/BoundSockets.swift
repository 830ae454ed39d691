// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Runtime
package import Settings

/// The listening sockets of an instance, by listener.
///
/// Bound once, before root is given up; they live as long as service control does.
package struct BoundSockets: Sendable {
    /// The exit code of failures that may pass: another program listens there.
    static let portTaken: Int32 = 75

    package let descriptors: [(listener: ListenerDefinition, fd: Int32)]

    /// Binds what the settings ask for.
    ///
    /// Throws a message that names the listener, the address and what to do.
    package init(_ settings: SettingsSnapshot) throws(InstanceError) {
        var bound: [(ListenerDefinition, Int32)] = []
        do throws(InstanceError) {
            for listener in ListenerDefinition.all + ListenerDefinition.further(settings) {
                bound += try Self.bind(listener, settings).map { (listener, $0) }
            }
        } catch {
            // The caller tries again, and must not find its own sockets in the way.
            for (_, fd) in bound { close(fd) }
            throw error
        }
        descriptors = bound
    }

    /// Binds one listener to every address it is for.
    private static func bind(
        _ listener: ListenerDefinition,
        _ settings: SettingsSnapshot
    ) throws(InstanceError) -> [Int32] {
        if listener.instance != nil { return try bindFurther(listener, settings) }
        guard let port = listener.port(settings) else { return [] }
        let key = listener.isInternal ? ServiceSettings.internalAddresses : ServiceSettings.addresses
        var bound: [Int32] = []
        do throws(InstanceError) {
            for host in settings[key] {
                for address in try addresses(host, port, key.path) {
                    if let fd = try bind(listener, address, isWildcard: host == "*") { bound.append(fd) }
                }
            }
            guard !bound.isEmpty else {
                throw InstanceError("\(listener.name): none of the addresses in \(key.path) exists here", exitCode: 78)
            }
        } catch {
            for fd in bound { close(fd) }
            throw error
        }
        return bound
    }

    /// Binds a listener that settings add, to every address it names.
    private static func bindFurther(
        _ listener: ListenerDefinition,
        _ settings: SettingsSnapshot
    ) throws(InstanceError) -> [Int32] {
        var bound: [Int32] = []
        do throws(InstanceError) {
            for address in listener.addresses(settings) {
                guard let socketAddress = address.socketAddress(settings) else {
                    throw InstanceError(
                        "\(listener.name): there is no port \(address.port) above service/port-base",
                        exitCode: 78
                    )
                }
                if let fd = try bind(listener, socketAddress, isWildcard: false) { bound.append(fd) }
            }
        } catch {
            for fd in bound { close(fd) }
            throw error
        }
        return bound
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
