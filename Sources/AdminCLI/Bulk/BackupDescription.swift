// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What a backup of an installation consists of: its file `BACKUP.json`, which is written last.
///
/// Beside it are `directory.db`, `martlet.conf`, and for each store a folder `backend-N` with a MANIFEST of its own.
struct BackupDescription: Sendable, Equatable {
    static let fileName = "BACKUP.json"
    private static let form = "martlet-backup"
    private static let maximumOctets = 1 << 20

    struct File: Sendable, Equatable {
        var path: String
        /// 64 hexadecimal digits.
        var sha256: String
    }

    /// Seconds since 1970.
    var made: Int64
    /// They are numbered from 1.
    var stores = 0
    /// Those that no MANIFEST of a store names.
    var files: [File] = []

    init(made: Int64) { self.made = made }

    var json: JSONValue {
        [
            "form": .string(Self.form), "version": 1, "made": .integer(made), "stores": .integer(Int64(stores)),
            "files": .array(files.map { ["path": .string($0.path), "sha256": .string($0.sha256)] }),
        ]
    }

    /// `nil` for anything that does not name what has to be there, and for what names anything else.
    init?(_ json: JSONValue) {
        guard json["form"]?.string == Self.form, json["version"]?.integer == 1, let made = json["made"]?.integer,
            let stores = json["stores"]?.integer, (1...64).contains(stores), let rows = json["files"]?.array
        else { return nil }
        self.init(made: made)
        self.stores = Int(stores)
        for row in rows {
            guard let path = row["path"]?.string, let sum = row["sha256"]?.string, sum.utf8.count == 64 else {
                return nil
            }
            files.append(File(path: path, sha256: sum))
        }
        let needed = ["directory.db"] + (1...self.stores).map { "backend-\($0)/MANIFEST" }
        let named = Set(files.map(\.path))
        guard named.count == files.count, named.subtracting(["martlet.conf"]) == Set(needed) else { return nil }
    }

    /// Blocks.
    static func load(_ folder: String) -> BackupDescription? {
        guard let bytes = BulkFolder.read("\(folder)/\(fileName)", maximum: maximumOctets) else { return nil }
        return (try? JSONValue(parsing: bytes)).flatMap { BackupDescription($0) }
    }

    /// The first file that is not what it says.
    ///
    /// Blocks.
    func damaged(in folder: String) throws(FileError) -> String? {
        for file in files where try BulkFile.sum("\(folder)/\(file.path)") != file.sha256 { return file.path }
        return nil
    }
}
