// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
package import Events
internal import Glibc
package import Runtime
package import Settings

/// What the program is made of, as the command line needs to know it.
package struct Composition: Sendable {
    package let settings: SettingsTree
    package let events: EventCatalogue
    package let version: String
    /// Opens the directory of a data folder in this process, for when no server runs.
    package let openDirectory:
        @Sendable (_ dataFolder: String, SettingsSnapshot) async throws(AdminError) -> any DirectoryAdministration
    /// Commands that composition adds, such as `serve`.
    package let commands: [Command]

    package init(
        settings: SettingsTree,
        events: EventCatalogue,
        version: String,
        commands: [Command] = [],
        openDirectory:
            @escaping @Sendable (_ dataFolder: String, SettingsSnapshot) async throws(AdminError)
            -> any DirectoryAdministration
    ) {
        self.settings = settings
        self.events = events
        self.version = version
        self.commands = commands
        self.openDirectory = openDirectory
    }
}

/// One data folder, with or without a server running on it.
package struct Installation: Sendable {
    package static let defaultFolder = "/var/lib/martlet"

    package let folder: String
    private let composition: Composition

    init(folder: String, composition: Composition) {
        self.folder = folder
        self.composition = composition
    }

    package var socketPath: String { "\(folder)/run/admin.sock" }
    package var eventLog: EventReader { EventReader(folder: "\(folder)/log") }

    /// The server that runs on the folder; where none does, the same operations within this process.
    package func endpoint(loop: EventLoop) async throws(AdminError) -> any AdminEndpoint {
        try requireFolder()
        let client = AdminClient(path: socketPath, loop: loop)
        if try await client.isServed() { return client }
        return LocalEndpoint(installation: self, composition: composition)
    }

    package func requireFolder() throws(AdminError) {
        var status = stat()
        guard unsafe stat(folder, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else { return }
        if errno == EACCES { throw AdminError(.forbidden, "\(folder) may not be read by you; use sudo.") }
        throw AdminError(
            .notFound,
            "There is no installation in \(folder). Name its folder with --data DIR or in MARTLET_DATA."
        )
    }
}

/// The operations without a server: settings, events and the directory as the files have them.
private struct LocalEndpoint: AdminEndpoint {
    let installation: Installation
    let composition: Composition

    func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        guard AdminCaller.current.mayAdminister(installation.folder) else {
            throw AdminError(
                .forbidden,
                "\(AdminCaller.current) may not administer \(installation.folder); use sudo, or the folder's owner."
            )
        }
        let file = SettingsFile(dataFolder: installation.folder, tree: composition.settings)
        let snapshot = await BlockingPool.shared.run { file.load().snapshot }
        let log = EventLog(
            folder: "\(installation.folder)/log",
            process: "cli",
            options: EventLogOptions(snapshot)
        )
        let events = EventRecorder(sink: log)
        let needsDirectory = ["domains", "accounts", "aliases"].contains(request.path.dropFirst().first)
        let context = AdminContext(
            settings: SettingsAdministration(file: file, events: events),
            eventLog: installation.eventLog,
            catalogue: composition.events,
            directory: needsDirectory ? try await composition.openDirectory(installation.folder, snapshot) : nil,
            services: nil,
            events: events
        )
        return await AdminRouter(context).send(request)
    }
}
