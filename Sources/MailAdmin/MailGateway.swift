// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
internal import Journal
internal import MailTypes
package import ServiceControl

/// Finds the owner of the mail that a request is about.
package struct MailGateway: AdminForwarding {
    /// A request on mail, as the owner of the store understands it.
    package struct Target: Sendable {
        /// Number of the store and of its back-end worker, from 1.
        package var store: Int
        package var request: AdminRequest
    }

    private let layout: InstanceLayout
    private let owners: AccountOwners
    private let directory: any DirectoryAdministration

    package init(_ layout: InstanceLayout, directory: any DirectoryAdministration) {
        self.layout = layout
        owners = AccountOwners(layout)
        self.directory = directory
    }

    /// Whether the path is one that an owner of a store answers.
    package static func isAboutMail(_ path: [String]) -> Bool {
        switch path.dropFirst().first {
        case "accounts": path.count >= 4 && path[3] == "mail"
        case "stores": path.count >= 3
        default: false
        }
    }

    /// `nil` when it is not about mail.
    package func target(of request: AdminRequest) async throws(AdminError) -> Target? {
        guard Self.isAboutMail(request.path) else { return nil }
        var inner = request
        if request.path[1] == "stores" {
            guard let number = Int(request.path[2]), (1...owners.workers).contains(number) else {
                throw AdminError(
                    .notFound,
                    "There is no store \(PrintableText.escaped(request.path[2])). See: martlet store stat"
                )
            }
            return Target(store: number, request: request)
        }
        let account = try await directory.accountRecord(MailboxAddress(checking: request.path[2]))
        inner.path = ["v1", "mail", String(account.id)] + request.path[4...]
        return Target(store: owners.worker(of: AccountID(account.id)), request: inner)
    }

    package func way(of request: AdminRequest) async throws(AdminError) -> ForwardedRequest? {
        if Self.isAboutQueue(request.path) {
            guard let number = Int(request.path[2]), Self.queues(layout).contains(number) else {
                throw AdminError(.notFound, "There is no queue \(PrintableText.escaped(request.path[2])).")
            }
            return ForwardedRequest(socket: layout.queueSocket(number), request: request)
        }
        guard let target = try await target(of: request) else { return nil }
        return ForwardedRequest(socket: layout.adminSocket(backEnd: target.store), request: target.request)
    }

    /// Whether the path is one that the owner of a queue answers.
    package static func isAboutQueue(_ path: [String]) -> Bool {
        path.count >= 3 && path[1] == "queues"
    }

    /// Numbers of the queues that there are, one for each transport worker that there is or was.
    package static func queues(_ layout: InstanceLayout) -> [Int] {
        let names = (try? Directories.entries(layout.queues)) ?? []
        return names.compactMap { $0.hasPrefix("transport-") ? Int($0.dropFirst(10)) : nil }.sorted()
    }

    /// What is answered without a store: which stores and queues there are, and what else a backup consists of.
    package static func operations(
        _ layout: InstanceLayout,
        directory: (any DirectoryAdministration)?
    ) -> [AdminOperation] {
        let stores = AdminOperation(.get, "v1/stores") { (_) throws(AdminError) in
            .array((1...AccountOwners(layout).workers).map { ["number": .integer(Int64($0))] })
        }
        let queueList = AdminOperation(.get, "v1/queues") { (_) throws(AdminError) in
            .array(queues(layout).map { ["number": .integer(Int64($0))] })
        }
        return [stores, queueList] + (directory.map { [DirectoryCopy.operation(layout, $0)] } ?? [])
    }
}
