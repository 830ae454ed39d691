// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where the files of one instance are: everything lies below one data folder.
package struct InstanceLayout: Sendable, Hashable {
    /// The folder used when neither `--data` nor `MARTLET_DATA` names one.
    package static let installedFolder = "/var/lib/martlet"

    package let data: String

    /// Takes a path as it was typed; relative ones are made absolute.
    package init(data path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        if !path.hasPrefix("/"), let current = unsafe getcwd(nil, 0) {
            path = unsafe String(cString: current) + "/" + path
            unsafe free(current)
        }
        data = path
    }

    package var settingsFile: String { data + "/martlet.conf" }
    package var directoryFile: String { data + "/directory.db" }
    package var store: String { data + "/store" }
    /// The store of back-end worker `index` (from 1).
    package func store(backEnd index: Int) -> String { "\(store)/backend-\(index)" }
    package var spool: String { data + "/spool" }
    /// Folder of the queues.
    package var queues: String { data + "/queue" }
    /// The queue of transport worker `index` (from 1).
    package func queue(transport index: Int) -> String { "\(queues)/transport-\(index)" }
    /// The folder where programs leave mail; `chosen` is the setting, empty for the usual place.
    package func pickup(_ chosen: String) -> String { chosen.isEmpty ? data + "/pickup" : chosen }
    package var log: String { data + "/log" }
    /// The tracking log, of all processes.
    package var tracking: String { log + "/tracking" }
    /// Protocol traces.
    package var traces: String { log + "/trace" }
    /// Logs of commands in the W3C's extended format.
    package var commandLogs: String { log + "/w3c" }
    package var crashes: String { data + "/crash" }
    package var keys: String { data + "/keys" }
    package var run: String { data + "/run" }
    package var certificateFile: String { keys + "/server.crt" }
    package var keyFile: String { keys + "/server.key" }
    package var assertionKeyFile: String { keys + "/assertion.key" }
    package var adminSocket: String { run + "/admin.sock" }
    /// The socket on which the resolver is asked.
    package var resolverSocket: String { run + "/resolver.sock" }
    package var processFile: String { run + "/martlet.pid" }
    package var setAsideFile: String { data + "/set-aside.json" }
    /// What a restore makes, until it is whole; nothing may be served while it is there.
    package var restoring: String { data + "/restoring" }
    package var standardErrorFile: String { log + "/stderr.log" }

    /// The socket on which back-end worker `index` (from 1) takes sessions of front-ends.
    package func sessionSocket(backEnd index: Int) -> String { run + "/backend-\(index).sessions.sock" }
    /// The socket on which back-end worker `index` (from 1) takes mail from the transport.
    package func deliverySocket(backEnd index: Int) -> String { run + "/backend-\(index).lmtp.sock" }

    /// The socket on which back-end worker `index` (from 1) is administered; the admin worker calls it.
    package func adminSocket(backEnd index: Int) -> String { run + "/backend-\(index).admin.sock" }

    /// The socket on which transport worker `index` (from 1) is administered; the admin worker calls it.
    package func adminSocket(transport index: Int) -> String { run + "/transport-\(index).admin.sock" }

    /// The socket on which a queue is administered: the first worker looks after the queues of those that are gone.
    package func queueSocket(_ number: Int) -> String {
        let own = adminSocket(transport: number)
        return unsafe access(own, F_OK) == 0 ? own : adminSocket(transport: 1)
    }

    private static let onDemandPrefix = "on-demand-"
    /// Where another transport worker fetches a connection that is lent to it.
    package func onDemandSocket(_ name: String) -> String { "\(run)/\(Self.onDemandPrefix)\(name).sock" }

    package var folders: [String] { [data, store, spool, queues, log, crashes, keys, run] }

    /// Makes the folders that are missing, for this user only.
    package func prepare() throws(InstanceError) {
        if unsafe access(restoring, F_OK) == 0 {
            throw InstanceError(
                "a backup is being restored into \(data), or was not restored to its end. "
                    + "Give the command again: martlet store restore",
                exitCode: 78
            )
        }
        for folder in folders {
            guard unsafe mkdir(folder, 0o700) != 0, errno != EEXIST else { continue }
            throw .folder(folder, errno)
        }
        for folder in folders where unsafe access(folder, R_OK | W_OK | X_OK) != 0 { throw .folder(folder, errno) }
    }

    /// Removes what lenders that were killed have left in `run`.
    ///
    /// To be called before there are workers, by who has the lock. Blocks.
    func removeLeftovers() {
        for name in Files.names(in: run) where name.hasPrefix(Self.onDemandPrefix) { unsafe unlink("\(run)/\(name)") }
    }
}

/// Why an instance could not be started.
package struct InstanceError: Error, Sendable, CustomStringConvertible {
    package let message: String
    /// As in sysexits.h.
    package let exitCode: Int32

    package init(_ message: String, exitCode: Int32) {
        self.message = message
        self.exitCode = exitCode
    }

    package var description: String { message }

    static func folder(_ path: String, _ code: Int32) -> InstanceError {
        InstanceError(
            "cannot use folder \(path): \(unsafe String(cString: strerror(code))). "
                + "Give --data a folder that this user may write to.",
            exitCode: 73
        )
    }
}
