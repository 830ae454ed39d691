// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
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
        return LocalEndpoint(installation: self, composition: composition, loop: loop)
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
    func actAsOwner() {
        var status = stat()
        guard geteuid() == 0, unsafe stat(folder, &status) == 0, status.st_uid != 0 else { return }
        _ = setegid(status.st_gid)
        _ = seteuid(status.st_uid)
    }
    /// Ends what `actAsOwner` began.
    func actAsCaller() {
        _ = seteuid(getuid())
        _ = setegid(getgid())
    }
}
