// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Journal
internal import MailStore
internal import MailTypes

/// The parsers of the store's small files, by themselves and over octets in memory: for the fuzz target.
package enum StoreParsers {
    /// The file FORMAT: how many shards; `nil` for any other octets, also of a later release.
    package static func format(_ bytes: [UInt8]) -> Int? {
        let format = StoreFormat(bytes)
        let isLater = StoreFormat.laterVersion(bytes) != nil
        precondition(format == nil || (format?.text == bytes && !isLater))
        return format?.shards
    }

    /// FORMAT of these lines with the right sum.
    package static func signedFormat(_ lines: String) -> [UInt8] {
        Array("\(lines)sum \(StoreFormat.sum(of: lines))\n".utf8)
    }

    /// A backup's MANIFEST: its files' paths; `nil` for any other octets.
    package static func manifest(_ bytes: [UInt8]) -> [String]? {
        guard let manifest = BackupManifest(bytes) else { return nil }
        precondition(manifest.encode() == bytes)
        for file in manifest.files { precondition(file.contents.map { UInt64($0.count) == file.size } ?? true) }
        return manifest.files.map(\.path)
    }

    /// The file `newest-00`: the segment of the record that it names; `nil` for any other octets.
    package static func newest(_ bytes: [UInt8], _ identity: JournalIdentity) -> UInt32? {
        NewestSnapshot.decode(bytes, identity)?.segment
    }

    /// The file `upkeep`; whether it is one.
    package static func upkeep(_ bytes: [UInt8]) -> Bool { UpkeepRecord(decoding: bytes) != nil }

    /// A snapshot's file: its octets of state; `nil` for any other octets.
    package static func snapshot(_ bytes: [UInt8], account: UInt64, _ identity: JournalIdentity) -> [UInt8]? {
        SnapshotFiles(directory: "", identity: identity).decode(bytes, AccountID(account))?.bytes
    }
}
