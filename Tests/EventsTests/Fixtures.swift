// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc

extension EventDefinition {
    static let sampleInformation = EventDefinition(
        65_001,
        "sample.happened",
        .information,
        text: "It happened.",
        cause: "Because.",
        action: "None needed."
    )
    static let sampleError = EventDefinition(
        65_002,
        "sample.part.failed",
        .error,
        text: "It failed.",
        cause: "A fault.",
        action: "Mend it."
    )
    static let otherAudit = EventDefinition(
        65_003,
        "other.refused",
        .failureAudit,
        text: "Refused.",
        cause: "A guess.",
        action: "Watch."
    )
}

/// A folder of its own for one test, removed with the files in it at the end.
final class TemporaryFolder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/martlet-events-XXXXXX\0".utf8CString)
        path = unsafe mkdtemp(&template).map { unsafe String(cString: $0) } ?? "/nonexistent"
    }

    deinit {
        for name in names { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    var names: [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe names.append(String(cString: $0))
                }
            }
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    func append(_ bytes: [UInt8], to name: String = EventLog.fileName) {
        let fd = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_APPEND, 0o644)
        _ = unsafe write(fd, bytes, bytes.count)
        close(fd)
    }

    func lines(of name: String = EventLog.fileName) -> [[UInt8]] {
        let fd = unsafe open("\(path)/\(name)", O_RDONLY)
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = unsafe read(fd, &bytes, bytes.count)
        return bytes.prefix(max(0, count)).split(separator: 0x0A).map(Array.init)
    }
}
