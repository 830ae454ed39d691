// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Real and broken messages beside the working copy, if they are there: `../shared/corpus/mime`.
package enum Corpus {
    private static let root: String? = {
        var folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        while folder.count > 1 {
            folder.removeLast()
            let path = (folder.dropLast() + ["shared", "corpus", "mime"]).joined(separator: "/")
            if unsafe access(folder.joined(separator: "/") + "/Package.swift", F_OK) == 0 {
                if unsafe access(path, F_OK) == 0 { return path }
                // A linked working copy lies one folder deeper.
                let above = (folder.dropLast(2) + ["shared", "corpus", "mime"]).joined(separator: "/")
                return unsafe access(above, F_OK) == 0 ? above : nil
            }
        }
        return nil
    }()

    package static var isPresent: Bool { root != nil }

    /// Every file below the root, largest last.
    package static let files: [(name: String, bytes: [UInt8])] = {
        guard let root else { return [] }
        var found: [(name: String, bytes: [UInt8])] = []
        for name in list(root) where !name.contains("LICENSE") {
            if let bytes = read(root + "/" + name) { found.append((name, bytes)) }
        }
        return found.sorted { ($0.bytes.count, $0.name) < ($1.bytes.count, $1.name) }
    }()

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
        }
    }

    private static func list(_ root: String) -> [String] {
        var names: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            guard let handle = unsafe opendir(root + "/" + folder) else { continue }
            defer { unsafe closedir(handle) }
            while let entry = unsafe readdir(handle) {
                let name = unsafe withUnsafeBytes(of: unsafe entry.pointee.d_name) { (bytes: UnsafeRawBufferPointer) in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name == "." || name == ".." { continue }
                let path = folder.isEmpty ? name : folder + "/" + name
                if unsafe entry.pointee.d_type == UInt8(DT_DIR) { folders.append(path) } else { names.append(path) }
            }
        }
        return names
    }
}
