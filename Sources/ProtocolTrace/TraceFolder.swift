// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import CLinux
internal import Glibc

/// `DATA/log/trace`: `ID.json` says what is traced, `ID.PROCESS.log` is what a process has heard.
///
/// Every call blocks.
package struct TraceFolder: Sendable {
    package let path: String

    package init(_ path: String) { self.path = path }

    /// Traces at a time, at most.
    package static let maximumTraces = 32
    /// Traces that are over are deleted after so many nanoseconds.
    static let keptNanoseconds: Int64 = 7 * 86_400 * 1_000_000_000

    /// A trace and what has become of it.
    package struct Status: Sendable, Hashable {
        package var definition: TraceDefinition
        package var octets: Int64
        package var isOver: Bool

        package var json: JSONValue {
            guard case .object(let members) = definition.json else { return .null }
            let state =
                !isOver
                ? "on"
                : definition.isStopped
                    ? "stopped" : octets >= definition.maximumOctets ? "over: its size" : "over: its time"
            return .object(members + [JSONMember("octets", .integer(octets)), JSONMember("state", .string(state))])
        }
    }

    /// By the time at which they were begun.
    package func list() -> [Status] {
        names().filter { $0.hasSuffix(".json") }.compactMap { read(String($0.dropLast(5))) }.map(status).sorted {
            $0.definition.started < $1.definition.started
        }
    }

    package func status(of id: String) -> Status? { read(id).map(status) }

    private func status(_ definition: TraceDefinition) -> Status {
        let octets = logs(definition.id).reduce(Int64(0)) { $0 + size("\(path)/\($1)") }
        let isOver = definition.isStopped || definition.until <= CLinux_realtime() || octets >= definition.maximumOctets
        return Status(definition: definition, octets: octets, isOver: isOver)
    }

    /// Puts a trace in force; false when it cannot be written.
    package func write(_ definition: TraceDefinition) -> Bool {
        unsafe mkdir(path, 0o750)
        return replace("\(path)/\(definition.id).json", definition.json.encoded)
    }

    /// Deletes a trace and what it has.
    package func remove(_ id: String) {
        guard TraceDefinition.isID(id) else { return }
        for name in logs(id) + ["\(id).json"] { unsafe unlink("\(path)/\(name)") }
    }

    /// Deletes traces that have been over for long.
    func tidy() {
        for status in list() where status.isOver && status.definition.until < CLinux_realtime() - Self.keptNanoseconds {
            remove(status.definition.id)
        }
    }

    // MARK: Files

    func logs(_ id: String) -> [String] { names().filter { $0.hasPrefix(id + ".") && $0.hasSuffix(".log") }.sorted() }

    private func read(_ id: String) -> TraceDefinition? {
        guard TraceDefinition.isID(id) else { return nil }
        return TraceDefinition(contents("\(path)/\(id).json", maximum: 64 << 10)).flatMap { $0.id == id ? $0 : nil }
    }

    private func names() -> [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            names.append(
                unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
            )
        }
        return names
    }

    private func size(_ path: String) -> Int64 {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    private func contents(_ path: String, maximum: Int) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 256 << 10)
        while octets.count < maximum {
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            octets += part[..<count]
        }
        return octets
    }

    private func replace(_ path: String, _ octets: [UInt8]) -> Bool {
        let temporary = path + ".new"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return false }
        var owner = stat()
        if geteuid() == 0, unsafe stat(self.path, &owner) == 0 { fchown(descriptor, owner.st_uid, owner.st_gid) }
        let isWritten = unsafe Glibc.write(descriptor, octets, octets.count) == octets.count
        close(descriptor)
        return unsafe isWritten && rename(temporary, path) == 0
    }
}
