// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Journal
internal import MailStore
internal import MailTypes
internal import SearchIndex

/// Snapshots of accounts, one file each under `accounts/`.
///
/// Derived: a damaged one is as good as none.
struct SnapshotFiles: Sendable {
    private static let magic: UInt32 = 0x314E_534D
    private static let headerOctets = 48
    let directory: String
    let identity: JournalIdentity

    private func folder(_ account: AccountID) -> String {
        "\(directory)/accounts/\(Hex.encode([UInt8(truncatingIfNeeded: account.rawValue)]))"
    }

    private func path(_ account: AccountID) -> String { "\(folder(account))/\(account).snap" }

    /// Blocks.
    func load(_ account: AccountID) -> LogSnapshot? {
        WholeFile.contents(path(account)).flatMap { decode($0, account) }
    }

    /// The snapshot of an account in the octets of a file.
    func decode(_ bytes: [UInt8], _ account: AccountID) -> LogSnapshot? {
        guard bytes.count > Self.headerOctets + 4 else { return nil }
        let end = bytes.count - 4
        guard let sum = try? ByteReader(bytes, at: end).sum(),
            unsafe CRC32C.of(bytes.span.bytes.extracting(0..<end)) == sum
        else { return nil }
        var reader = ByteReader(bytes)
        do throws(ByteReaderError) {
            guard try reader.integer(UInt32.self) == Self.magic, try reader.integer(UInt32.self) == 1,
                try reader.integer(UInt64.self) == identity.high, try reader.integer(UInt64.self) == identity.low,
                try reader.integer(UInt64.self) == account.rawValue
            else { return nil }
            let segment: UInt32 = try reader.integer()
            try reader.skip(4)
            let position = LogPosition(segment: segment, offset: try reader.integer())
            return LogSnapshot(position: position, bytes: Array(bytes[Self.headerOctets..<end]))
        } catch {
            return nil
        }
    }

    /// The identity in the first snapshot of a folder that is whole.
    ///
    /// Blocks.
    static func identity(in directory: String) -> JournalIdentity? {
        let anybody = SnapshotFiles(directory: directory, identity: JournalIdentity(high: 0, low: 0))
        for file in anybody.files() {
            guard let account = file.account, let bytes = WholeFile.contents(file.path) else { continue }
            var reader = ByteReader(bytes)
            guard (try? reader.skip(8)) != nil, let high = try? reader.integer(UInt64.self),
                let low = try? reader.integer(UInt64.self)
            else { continue }
            let identity = JournalIdentity(high: high, low: low)
            if SnapshotFiles(directory: directory, identity: identity).load(account) != nil { return identity }
        }
        return nil
    }

    /// The last record that is in a snapshot, by what it says; nothing of that is checked.
    ///
    /// Blocks.
    func lastRecord(_ account: AccountID) -> RecordPosition? {
        guard let head = WholeFile.head(path(account), Self.headerOctets) else { return nil }
        var reader = ByteReader(head)
        guard (try? reader.skip(32)) != nil, let segment = try? reader.integer(UInt32.self),
            (try? reader.skip(4)) != nil, let offset = try? reader.integer(UInt64.self)
        else { return nil }
        return RecordPosition(segment: segment, offset: offset)
    }

    /// The last record that is in each snapshot of some accounts.
    ///
    /// Blocks; it reads all of them.
    func lastRecords(where isMeant: (AccountID) -> Bool) -> [RecordPosition] {
        let positions = files().compactMap { $0.account.flatMap { isMeant($0) ? load($0)?.position : nil } }
        return positions.map { RecordPosition(segment: $0.segment, offset: $0.offset) }
    }

    /// Every snapshot file, with its account where the name says one.
    ///
    /// Blocks.
    func files() -> [(path: String, account: AccountID?, octets: UInt64)] {
        entries(".snap").compactMap { path, account in
            var status = stat()
            guard unsafe stat(path, &status) == 0 else { return nil }
            return (path, account, UInt64(clamping: status.st_size))
        }
    }

    /// Every account that has search texts.
    ///
    /// Blocks.
    func accountsWithTexts() -> [AccountID] { entries(".text").compactMap(\.account) }

    /// Files below `accounts/` whose names end so.
    private func entries(_ suffix: String) -> [(path: String, account: AccountID?)] {
        let root = directory + "/accounts"
        var found: [(path: String, account: AccountID?)] = []
        for folder in (try? Directories.entries(root))?.sorted() ?? [] {
            for name in (try? Directories.entries("\(root)/\(folder)"))?.sorted() ?? [] where name.hasSuffix(suffix) {
                found.append(("\(root)/\(folder)/\(name)", UInt64(name.dropLast(5)).map { AccountID($0) }))
            }
        }
        return found
    }

    /// Blocks.
    ///
    /// False when it could not be written, which is harmless.
    func save(_ account: AccountID, _ snapshot: LogSnapshot) -> Bool {
        var writer = ByteWriter(reserving: snapshot.bytes.count + 64)
        writer.integer(Self.magic)
        writer.integer(UInt32(1))
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(account.rawValue)
        writer.integer(snapshot.position.segment)
        writer.integer(UInt32(0))
        writer.integer(snapshot.position.offset)
        writer.bytes += snapshot.bytes
        writer.integer(CRC32C.of(writer.bytes))
        guard (try? Directories.make(folder(account))) != nil else { return false }
        let temporary = "\(directory)/tmp/\(account)-\(UInt64.random(in: .min ... .max)).snap"
        return WholeFile.replace(path(account), with: writer.bytes, by: temporary)
    }

    /// Where an account's search texts are: beside its snapshot.
    func sidecar(of account: AccountID) -> SidecarPlace {
        var writer = ByteWriter()
        writer.integer(identity.high)
        writer.integer(identity.low)
        return SidecarPlace(
            path: "\(folder(account))/\(account).text",
            identity: writer.bytes,
            account: account.rawValue
        )
    }

    /// Blocks.
    func delete(_ account: AccountID) { unsafe unlink(path(account)) }
}

extension ByteReader {
    fileprivate func sum() throws(ByteReaderError) -> UInt32 {
        var copy = self
        return try copy.integer()
    }
}
