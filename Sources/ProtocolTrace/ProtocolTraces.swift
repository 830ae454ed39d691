// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc
internal import Locking
package import Runtime

/// The traces that are on, as a process that talks to others knows them.
///
/// From any thread; `refresh` is called about once a second, on a thread that may block.
package final class ProtocolTraces: Sendable {
    /// Octets that wait to be written, at most.
    private static let maximumWaiting = 4 << 20

    private struct State {
        var active: [TraceDefinition] = []
        /// What is to be written, by trace.
        var waiting: [String: [UInt8]] = [:]
        var left: [String: Int] = [:]
        var sessions: UInt64 = 0
    }

    private struct Files {
        var stamp: Int64 = -2
        var definitions: [TraceDefinition] = []
        var nextTidy: Int64 = 0
    }

    private let folder: TraceFolder
    private let process: String
    private let state = Lock(State())
    /// Held across file operations, which only `refresh` does.
    private let files = Lock(Files())

    package init(_ folder: TraceFolder, process: String) {
        self.folder = folder
        self.process = process
    }

    /// A session that may be traced; `nil` when none of the traces that are on can be about it.
    ///
    /// - Parameters:
    ///   - names: domains and hosts that are known from the beginning.
    package func session(_ direction: TraceDirection, peer: SocketAddress, names: [String] = []) -> TracedSession? {
        let (active, number) = state.withLock { state in
            guard !state.active.isEmpty else { return ([TraceDefinition](), UInt64(0)) }
            state.sessions += 1
            return (state.active.filter { $0.directions.contains(direction) }, state.sessions)
        }
        guard !active.isEmpty else { return nil }
        let traced = active.filter { $0.covers(peer) }
        let open = active.filter { $0.isAboutDomain }
        guard !traced.isEmpty || !open.isEmpty else { return nil }
        let session = TracedSession(self, direction, "\(peer)", number, traced, open)
        for name in names { session.meet(name: name) }
        return session
    }

    /// Whether sessions of this direction may be traced.
    package func isOn(_ direction: TraceDirection) -> Bool {
        state.withLock { state in state.active.contains { $0.directions.contains(direction) } }
    }

    /// Keeps lines of a session.
    func write(_ lines: [UInt8], to id: String) {
        state.withLock { state in
            guard state.active.contains(where: { $0.id == id }) else { return }
            guard state.waiting[id, default: []].count + lines.count <= Self.maximumWaiting else {
                return state.left[id, default: 0] += 1
            }
            state.waiting[id, default: []] += lines
        }
    }

    /// Learns which traces are on, writes what waits, and ends those whose time or size is over; those are returned.
    ///
    /// Blocks.
    @discardableResult
    package func refresh() -> [TraceDefinition] {
        files.withLock { files in
            let before = files.definitions
            load(&files)
            let (waiting, left) = state.withLock { state in
                defer { (state.waiting, state.left) = ([:], [:]) }
                return (state.waiting, state.left)
            }
            // Those, too, that were ended meanwhile have a right to their last lines.
            let known = before + files.definitions.filter { definition in !before.contains { $0.id == definition.id } }
            for definition in known where folder.status(of: definition.id) != nil {
                var octets = waiting[definition.id] ?? []
                if let count = left[definition.id], count > 0 {
                    octets += TracedSession.note("\(count) lines are missing")
                }
                if !octets.isEmpty { append(octets, to: definition) }
            }
            files.definitions.removeAll { folder.status(of: $0.id)?.isOver ?? true }
            let active = files.definitions
            state.withLock { $0.active = active }
            return before.filter { definition in !active.contains { $0.id == definition.id } }
        }
    }

    private func load(_ files: inout Files) {
        let now = CLinux_realtime()
        let stamp = unsafe CLinux_modification_time_at(folder.path)
        // The folder's time may be too coarse for two changes in one moment: what is young is read again.
        guard stamp != files.stamp || now - stamp < 3_000_000_000 else { return }
        files.stamp = stamp
        files.definitions = folder.list().filter { !$0.isOver }.map(\.definition)
        guard now >= files.nextTidy else { return }
        files.nextTidy = now + 3600 * 1_000_000_000
        folder.tidy()
    }

    private func append(_ octets: [UInt8], to definition: TraceDefinition) {
        let path = "\(folder.path)/\(definition.id).\(process).log"
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let room = max(0, definition.maximumOctets - Int64(lseek(descriptor, 0, SEEK_END)))
        var part = octets[...]
        if part.count > room {
            // Whole lines, up to one more than there is room for: then it is over.
            let cut = part.prefix(Int(room))
            part = part[..<((part[cut.endIndex...].firstIndex(of: ASCII.lf) ?? part.endIndex - 1) + 1)]
        }
        let bytes = Array(part)
        _ = unsafe Glibc.write(descriptor, bytes, bytes.count)
    }
}
