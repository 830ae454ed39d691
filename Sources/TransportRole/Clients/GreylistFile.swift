// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime
package import SMTPServer
package import ServiceControl
internal import Settings

/// Keeps the greylist of all workers over restarts, in `spool/greylist`: the first worker writes it every half a minute
/// while it changes, and each at its end.
///
/// The memory itself outlives workers. What the death of service control or of the machine costs is that some strangers
/// are put off once more.
package struct GreylistFile: Sendable {
    package let greylist: Greylist
    private let path: String
    /// Changes that are in the file.
    ///
    /// What there is at the start need not be: whoever made it may have died since.
    private let saved = Lock<UInt64>(0)

    /// Octets of a file that is read.
    private static let maximumOctets = 16 << 20
    private static let interval: Duration = .seconds(30)

    private init(_ greylist: Greylist, _ path: String) {
        self.greylist = greylist
        self.path = path
    }

    /// With what was kept, beside what the memory has.
    package static func open(_ context: WorkerContext, _ greylist: Greylist) async -> GreylistFile {
        let path = "\(context.layout.spool)/greylist"
        let file = await BlockingPool.shared.run {
            if let octets = try? SmallFile.read(path, maximum: maximumOctets) { _ = greylist.restore(octets) }
            return GreylistFile(greylist, path)
        }
        guard context.inheritance.index == 1 else { return file }
        context.loop.every(interval) { Task(executorPreference: context.loop) { await file.save() } }
        return file
    }

    /// Writes it, if it has changed.
    package func save() async {
        await BlockingPool.shared.run { [self] in
            // Read before: what changes meanwhile is written the next time.
            let changes = greylist.changes
            guard saved.withLock({ $0 != changes }) else { return }
            guard (try? SmallFile.replace(path, with: greylist.encoded())) != nil else { return }
            saved.withLock { $0 = changes }
        }
    }
}
