// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import Directory
package import Events
internal import Glibc
package import Runtime
package import ServiceControl
package import Settings

/// What the program is made of, as the command line needs to know it.
package struct Composition: Sendable {
    package let settings: SettingsTree
    package let events: EventCatalogue
    package let version: String
    /// Commands that composition adds, such as `serve`.
    package let commands: [Command]

    package init(
        settings: SettingsTree,
        events: EventCatalogue,
        version: String,
        commands: [Command] = []
    ) {
        self.settings = settings
        self.events = events
        self.version = version
        self.commands = commands
    }
}

/// One data folder, with or without a server running on it.
package struct Installation: Sendable {
    package let layout: InstanceLayout
    private let composition: Composition

    init(folder: String, composition: Composition) {
        layout = InstanceLayout(data: folder)
        self.composition = composition
    }

    package var folder: String { layout.data }
    package var eventLog: EventReader { EventReader(folder: layout.log) }

    /// The server that runs on the folder; where none does, the same operations within this process.
    package func endpoint(loop: EventLoop) async throws(AdminError) -> any AdminEndpoint {
        try requireFolder()
        let client = AdminClient(path: layout.adminSocket, loop: loop)
        if try await client.isServed() { return client }
        return LocalEndpoint(installation: self, composition: composition)
    }

    package func requireFolder() throws(AdminError) {
        var status = stat()
        guard unsafe stat(folder, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else { return }
        if errno == EACCES { throw AdminError(.forbidden, "\(folder) may not be read by you; use sudo.") }
        throw AdminError(
            .notFound,
            "There is no installation in \(folder). Name its folder with --data DIR or in MARTLET_DATA; a new one is made with mkdir, or by martlet serve."
        )
    }

    /// Run by root on a folder of another user, from now on acts as that user: what is made then belongs to who must
    /// be able to use it.
    fileprivate func actAsOwner() {
        var status = stat()
        guard geteuid() == 0, unsafe stat(folder, &status) == 0, status.st_uid != 0 else { return }
        _ = setegid(status.st_gid)
        _ = seteuid(status.st_uid)
    }
}

/// The operations without a server: settings, events and the directory as the files have them.
private struct LocalEndpoint: AdminEndpoint {
    let installation: Installation
    let composition: Composition

    func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        installation.actAsOwner()
        guard AdminCaller.current.mayAdminister(installation.folder) else {
            throw AdminError(
                .forbidden,
                "\(AdminCaller.current) may not administer \(installation.folder); use sudo, or the folder's owner."
            )
        }
        let file = SettingsFile(dataFolder: installation.folder, tree: composition.settings)
        let snapshot = await BlockingPool.shared.run { file.load().snapshot }
        let log = EventLog(
            folder: installation.layout.log,
            process: "cli",
            options: EventLogOptions(snapshot)
        )
        let events = EventRecorder(sink: log)
        let needsDirectory = ["domains", "accounts", "aliases"].contains(request.path.dropFirst().first)
        let context = AdminContext(
            settings: SettingsAdministration(file: file, events: events),
            eventLog: installation.eventLog,
            catalogue: composition.events,
            directory: needsDirectory ? try await openDirectory(snapshot) : nil,
            services: nil,
            events: events
        )
        return await AdminRouter(context).send(request)
    }
    private func openDirectory(_ settings: SettingsSnapshot) async throws(AdminError) -> AccountDirectory {
        do throws(DirectoryError) {
            return try await AccountDirectory.open(
                file: installation.layout.directoryFile,
                settings: LiveSettings(settings),
                events: .none
            )
        } catch {
            throw AdminError(error)
        }
    }
}
