// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
package import SMTPServer
package import ServiceControl
internal import Settings

/// Keeps a worker's greylist over restarts, in `spool/greylist-N`: written every half a minute while it changes, and at
/// the end.
///
/// What a death costs is that some strangers are put off once more.
package struct GreylistFile: Sendable {
    package let greylist: Greylist
    private let path: String

    /// Octets of a file that is read.
    private static let maximumOctets = 16 << 20
    private static let interval: Duration = .seconds(30)

    private init(_ greylist: Greylist, _ path: String) {
        self.greylist = greylist
        self.path = path
    }

    /// As it was kept, or empty.
    package static func open(_ context: WorkerContext) async -> GreylistFile {
        let path = "\(context.layout.spool)/greylist-\(context.inheritance.index)"
        let greylist = Greylist()
        await BlockingPool.shared.run {
            guard let octets = try? SmallFile.read(path, maximum: maximumOctets) else { return }
            _ = greylist.restore(octets)
        }
        let file = GreylistFile(greylist, path)
        context.loop.every(interval) { Task(executorPreference: context.loop) { await file.save() } }
        return file
    }

    /// Writes it, if it has changed.
    package func save() async {
        let (greylist, path) = (greylist, path)
        await BlockingPool.shared.run {
            guard let octets = greylist.changed() else { return }
            try? SmallFile.replace(path, with: octets)
        }
    }
}
