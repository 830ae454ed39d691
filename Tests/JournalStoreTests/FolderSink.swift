// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Journal
import JournalStore
import Locking

/// Writes a backup into a folder.
final class FolderSink: BackupSink {
    struct Failure: Error {}

    private struct State {
        var path = ""
        var octets: [UInt8] = []
        var begun: [String] = []
    }

    private let folder: String
    private let state = Lock(State())

    init(_ folder: String) { self.folder = folder }

    /// The files that were begun.
    var begun: [String] { state.withLock { $0.begun } }

    func announce(octets: UInt64) throws { unsafe mkdir(folder, 0o700) }

    func begin(_ path: String, octets: UInt64) throws {
        state.withLock { $0 = State(path: path, begun: $0.begun + [path]) }
        if let slash = path.lastIndex(of: "/") { unsafe mkdir("\(folder)/\(path[..<slash])", 0o700) }
    }

    func write(_ octets: [UInt8]) throws {
        let state = state.withLock { state in
            state.octets += octets
            return state
        }
        guard WholeFile.replace("\(folder)/\(state.path)", with: state.octets) else { throw Failure() }
    }
}
