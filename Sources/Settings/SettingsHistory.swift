// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// One setting that is not the same in two versions.
package struct SettingChange: Sendable, Equatable, CustomStringConvertible {
    package var path: String
    /// `nil`: was not set.
    package var old: String?
    /// `nil`: is not set any more.
    package var new: String?

    package init(path: String, old: String?, new: String?) {
        self.path = path
        self.old = old
        self.new = new
    }

    package var description: String {
        switch (old, new) {
        case (nil, let new?): "\(path) = \(new)"
        case (let old?, nil): "\(path) unset (was \(old))"
        case (let old, let new): "\(path) = \(new ?? "") (was \(old ?? ""))"
        }
    }
}

/// One entry of the history.
package struct SettingsVersion: Sendable, Equatable {
    package var number: Int
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var time: Int64
    package var author: String
    /// Empty when only comments or blank lines changed.
    package var changes: [SettingChange]
}

/// Copies of `martlet.conf` as it was after every change: `00000007.conf`, and beside it `00000007.json` with the time,
/// who did it and what changed.
struct SettingsHistory: Sendable {
    /// Older versions are deleted.
    static let versionsKept = 500

    let folder: String

    /// Ascending.
    var numbers: [Int] {
        WholeFile.names(in: folder).compactMap { name in
            name.hasSuffix(".conf") ? Decimal.parse(name.dropLast(5).utf8, maximum: 1 << 53).map { Int($0) } : nil
        }.sorted()
    }

    func bytes(of number: Int) -> [UInt8]? {
        (try? WholeFile.read(path(number, "conf"), maximum: SettingsFile.maximumOctets)) ?? nil
    }

    func versions() -> [SettingsVersion] { numbers.map { version($0) } }

    /// Keeps a version.
    ///
    /// The caller holds the lock of the folder.
    func add(_ version: SettingsVersion, _ bytes: [UInt8]) throws(FileFailure) {
        try WholeFile.replace(path(version.number, "json"), with: version.json.encoded + [ASCII.lf])
        try WholeFile.replace(path(version.number, "conf"), with: bytes)
        for old in numbers.dropLast(Self.versionsKept) { remove(old) }
    }

    func remove(_ number: Int) {
        unsafe unlink(path(number, "conf"))
        unsafe unlink(path(number, "json"))
    }

    private func version(_ number: Int) -> SettingsVersion {
        let bytes = (try? WholeFile.read(path(number, "json"), maximum: 1 << 20)) ?? nil
        let json = bytes.flatMap { try? JSONValue(parsing: $0) }
        return json.flatMap { SettingsVersion(number: number, json: $0) }
            ?? SettingsVersion(number: number, time: 0, author: "unknown", changes: [])
    }

    private func path(_ number: Int, _ suffix: String) -> String {
        let digits = String(number)
        return "\(folder)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).\(suffix)"
    }
}

extension SettingsVersion {
    fileprivate init?(number: Int, json: JSONValue) {
        guard let time = json["time"]?.string.flatMap(Timestamp.parse), let author = json["author"]?.string else {
            return nil
        }
        let changes = (json["changes"]?.array ?? []).compactMap { change in
            change["path"]?.string.map {
                SettingChange(path: $0, old: change["old"]?.string, new: change["new"]?.string)
            }
        }
        self.init(number: number, time: time, author: author, changes: changes)
    }

    fileprivate var json: JSONValue {
        [
            "number": .integer(Int64(number)),
            "time": .string(Timestamp.text(nanoseconds: time)),
            "author": .string(author),
            "changes": .array(
                changes.map { ["path": .string($0.path), "old": .optional($0.old), "new": .optional($0.new)] }
            ),
        ]
    }
}
