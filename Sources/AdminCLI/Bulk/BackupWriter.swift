// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import Runtime

/// Writes the files that a backup consists of, as they come.
///
/// All calls block.
final class BackupWriter: @unchecked Sendable {
    // Safe to hand over: its one user waits for each call to end before it makes the next.
    private let root: String
    private var folder = ""
    private var file: BulkFile?
    private var path = ""
    private var rest: UInt64 = 0
    private let hasher = SHA256Hasher()
    private var description = BackupDescription(made: WallClock.seconds)
    /// What has come of the files of this folder, and what is to come.
    private(set) var octets: Int64 = 0
    private(set) var announced: Int64 = 0

    init(_ root: String) { self.root = root }

    /// The files that come next go into this folder; empty for the backup's own.
    func begin(_ folder: String) throws(FileError) {
        (self.folder, octets, announced) = (folder, 0, 0)
        if !folder.isEmpty { try BulkFolder.make("\(root)/\(folder)") }
    }

    func take(_ items: [AdminItem]) throws(FileError) {
        for item in items {
            switch item {
            case .head(let head, let octets):
                if let total = head["backup"]?["octets"]?.integer { announced = total }
                if let name = head["file"]?.string { try open(name, octets) }
            case .octets(let some):
                try file?.write(some)
                hasher.add(some)
                rest -= min(rest, UInt64(some.count))
                octets += Int64(some.count)
                if rest == 0 { close() }
            }
        }
    }

    private func open(_ name: String, _ octets: UInt64) throws(FileError) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }) else {
            throw FileError(path: name, code: EINVAL)
        }
        path = folder.isEmpty ? name : "\(folder)/\(name)"
        if parts.count == 2 { try BulkFolder.make("\(root)/\(folder)/\(parts[0])") }
        file = try BulkFile("\(root)/\(path)", BulkFile.makesNew)
        rest = octets
        if rest == 0 { close() }
    }

    private func close() {
        let sum = Hex.encode(hasher.finish())
        file = nil
        // The segments of a store are in the store's own list.
        let name = path.split(separator: "/").last
        guard folder.isEmpty || name == "MANIFEST" else { return }
        description.files.append(BackupDescription.File(path: path, sha256: sum))
    }

    /// Adds a file of the installation.
    func copy(_ source: String, as name: String) throws(FileError) {
        let sum = try BulkFile.copy(source, to: "\(root)/\(name)")
        description.files.append(BackupDescription.File(path: name, sha256: sum))
    }

    /// Writes what makes it whole; all of it is on disk when this returns.
    func finish(stores: Int) throws(FileError) {
        description.stores = stores
        let file = try BulkFile("\(root)/\(BackupDescription.fileName)", BulkFile.makesNew)
        try file.write(Array((description.json.indented + "\n").utf8))
        try file.syncFileSystem()
    }
}

extension BulkFile {
    static let makesNew = O_WRONLY | O_CREAT | O_EXCL
    private static let pieceOctets = 1 << 20

    /// Copies a file to where none is; the SHA-256 of its octets in hexadecimal.
    @discardableResult
    static func copy(_ source: String, to target: String) throws(FileError) -> String {
        let output = try BulkFile(target, makesNew)
        return try sum(source) { (octets) throws(FileError) in try output.write(octets) }
    }

    /// The SHA-256 of a file in hexadecimal.
    static func sum(_ path: String, _ visit: ([UInt8]) throws(FileError) -> Void = { _ in }) throws(FileError) -> String
    {
        let (input, hasher) = (try BulkFile(path), SHA256Hasher())
        var offset: UInt64 = 0
        while true {
            let octets = try input.read(at: offset, pieceOctets)
            guard !octets.isEmpty else { return Hex.encode(hasher.finish()) }
            hasher.add(octets)
            try visit(octets)
            offset += UInt64(octets.count)
        }
    }
}
