// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Settings

/// A small tree with one setting of each kind.
package let sampleTree = SettingsTree([
    SettingKey(
        "imap/share-retry-attempts",
        default: 16,
        in: 0...1000,
        perInstance: true,
        classic: ["imapsvc/ImapShareRetryAttempts"],
        help: "How often a busy account is tried again."
    ).declaration,
    SettingKey(
        "imap/share-retry-sleep",
        default: Duration.milliseconds(250),
        in: .zero ... .seconds(60),
        perInstance: true,
        classic: ["imapsvc/ImapShareRetrySleep"],
        help: "The pause between two tries."
    ).declaration,
    SettingKey(
        "smtp/maximum-message-size",
        default: ByteCount.mebibytes(50),
        perInstance: true,
        help: "Largest message."
    )
    .declaration,
    SettingKey("smtp/banner", default: "", help: "Text after the host name.").declaration,
    SettingKey("store/scrub", default: true, live: false, help: "Whether damage is looked for.").declaration,
    SettingKey("events/sinks", default: ["file", "journal"], help: "Where events go.").declaration,
])

/// A folder of its own for one test, removed at its end.
package final class TemporaryFolder {
    package let path: String

    package init() throws {
        var template = Array("/tmp/martlet-settings-XXXXXX\0".utf8CString)
        guard let made = unsafe mkdtemp(&template) else {
            throw FileFailure(path: "/tmp", call: "mkdtemp", errno: errno)
        }
        path = unsafe String(cString: made)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        guard let folder = unsafe opendir(path) else {
            unsafe unlink(path)
            return
        }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            unsafe entry.pointee.d_type == UInt8(DT_DIR)
                ? remove("\(path)/\(name)") : { _ = unsafe unlink("\(path)/\(name)") }()
        }
        unsafe closedir(folder)
        unsafe rmdir(path)
    }

    package func write(_ text: String, to name: String = SettingsFile.name) {
        let fd = unsafe open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(fd, bytes, bytes.count)
        close(fd)
    }

    package func read(_ name: String = SettingsFile.name) -> String {
        let fd = unsafe open("\(path)/\(name)", O_RDONLY)
        guard fd >= 0 else { return "" }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe Glibc.read(fd, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
