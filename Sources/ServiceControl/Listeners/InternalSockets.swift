// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime

/// A Unix socket on which workers of one instance reach each other.
package enum InternalSocket: String, Sendable, Hashable {
    /// Sessions that front-ends hand to a back-end.
    case sessions
    /// Mail that the transport hands to a back-end (LMTP).
    case delivery
    /// The administration API.
    case admin
    /// The part of the administration API that the owner of a store answers.
    case storeAdmin = "store-admin"
    /// The part of the administration API that the owner of a queue answers.
    case queueAdmin = "queue-admin"
    /// Questions to the domain name system.
    case resolver

    /// The sockets of a worker of this role.
    static func all(of role: WorkerRole) -> [InternalSocket] {
        switch role {
        case .backEnd: [.sessions, .delivery, .storeAdmin]
        case .admin: [.admin]
        case .resolver: [.resolver]
        case .transport: [.queueAdmin]
        case .frontEnd: []
        }
    }

    /// Where the socket of the `index`-th worker is.
    func path(_ layout: InstanceLayout, index: Int) -> String {
        switch self {
        case .sessions: layout.sessionSocket(backEnd: index)
        case .delivery: layout.deliverySocket(backEnd: index)
        case .admin: layout.adminSocket
        case .storeAdmin: layout.adminSocket(backEnd: index)
        case .queueAdmin: layout.adminSocket(transport: index)
        case .resolver: layout.resolverSocket
        }
    }

    /// Binds the sockets of one worker.
    ///
    /// Service control keeps them: while the worker is away, its callers wait in the socket's queue and are not
    /// refused.
    static func bind(
        role: WorkerRole,
        index: Int,
        layout: InstanceLayout
    ) throws(InstanceError) -> [(name: String, fd: Int32)] {
        var bound: [(String, Int32)] = []
        for socket in all(of: role) {
            let path = socket.path(layout, index: index)
            do throws(IOError) {
                bound.append((socket.rawValue, try bindUnix(path: path, mode: 0o600)))
            } catch {
                throw InstanceError("cannot make the socket \(path): \(error)", exitCode: 73)
            }
        }
        return bound
    }
}
