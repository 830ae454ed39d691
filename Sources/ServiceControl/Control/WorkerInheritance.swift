// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a worker gets from service control when it starts: in its arguments, environment and descriptors.
///
/// Descriptors: 0 /dev/null, 1 and 2 the file for stray output, 3 the control socket, 4 the breadcrumb board, from 5 on
/// the listening sockets and the memory that workers share, whose names are in the environment in the same order.
package struct WorkerInheritance: Sendable, Hashable {
    package static let controlDescriptor: Int32 = 3
    package static let boardDescriptor: Int32 = 4
    package static let firstSocket: Int32 = 5
    static let socketsVariable = "MARTLET_SOCKETS"
    static let faultVariable = "MARTLET_DIED_OF_FAULT"

    package let role: WorkerRole
    /// From 1.
    package let index: Int
    package let data: String
    /// Names of the listening sockets, in the order of their descriptors.
    package let sockets: [String]
    /// The worker's last process ended by a fault of its own: what it was working on is suspect.
    package let diedOfFault: Bool

    package init(role: WorkerRole, index: Int, data: String, sockets: [String], diedOfFault: Bool = false) {
        self.diedOfFault = diedOfFault
        self.role = role
        self.index = index
        self.data = data
        self.sockets = sockets
    }

    var arguments: [String] { ["worker", role.rawValue, String(index), "--data", data] }

    /// Reads `worker ROLE INDEX --data DIR`; `nil` when these are not the arguments of a worker.
    package init?(arguments: [String], environment: [String: String]) {
        guard arguments.count == 5, arguments[0] == "worker", arguments[3] == "--data",
            let role = WorkerRole(rawValue: arguments[1]), let index = Int(arguments[2]), (1...1000).contains(index)
        else { return nil }
        let names = environment[Self.socketsVariable] ?? ""
        self.init(
            role: role,
            index: index,
            data: arguments[4],
            sockets: names.split(separator: ",").map(String.init),
            diedOfFault: environment[Self.faultVariable] != nil
        )
    }

    /// The memory that all workers of this role share and that outlives them; `nil` when there is none.
    ///
    /// Zeros when service control started.
    package var sharedMemory: Int32? { descriptors(named: Self.sharedMemoryName).first }
    static let sharedMemoryName = "shared-memory"

    /// The sockets of one listener.
    package func descriptors(of listener: ListenerDefinition) -> [Int32] { descriptors(named: listener.name) }

    /// The sockets of one kind between workers.
    package func descriptors(of socket: InternalSocket) -> [Int32] { descriptors(named: socket.rawValue) }

    private func descriptors(named name: String) -> [Int32] {
        sockets.indices.filter { sockets[$0] == name }.map { Self.firstSocket + Int32($0) }
    }
}
