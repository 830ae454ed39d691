// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import MailboxFormats

/// What an export says of its mailboxes beside their messages, in `martlet-export.json`: which are subscribed, and what
/// they are for.
enum ExportManifest {
    static let file = "martlet-export.json"

    static func contents(_ mailboxes: [JSONValue]) -> [UInt8] {
        let rows = mailboxes.map { row -> JSONValue in
            [
                "name": row["name"] ?? .null, "exists": row["exists"] ?? .null,
                "subscribed": row["subscribed"] ?? .null,
                "specialUse": row["specialUse"] ?? .null,
            ]
        }
        let value: JSONValue = ["version": 1, "mailboxes": .array(rows)]
        return Array((value.indented + "\n").utf8)
    }

    /// The mailboxes that the manifest in a folder names; without one, those that a file of subscriptions names.
    static func items(
        _ folder: String,
        _ naming: ImportNaming,
        subscriptions: [String],
        separator: UInt8
    ) -> [SourceItem] {
        var limits = JSONLimits()
        limits.octets = 64 << 20
        limits.values = 1_000_000
        if let bytes = BulkFolder.read(folder + "/" + file),
            let manifest = try? JSONValue(parsing: bytes, limits: limits),
            manifest["version"]?.integer == 1
        {
            return (manifest["mailboxes"]?.array ?? []).reversed().compactMap { item($0, naming) }
        }
        for name in subscriptions {
            guard let bytes = BulkFolder.read(folder + "/" + name) else { continue }
            return MaildirFiles.subscriptions(bytes, separator: separator).reversed().compactMap { text in
                var levels = text.split(separator: "/").map(String.init)
                // Courier writes INBOX in front of every folder.
                if levels.count > 1, levels[0] == "INBOX" { levels.removeFirst() }
                if levels == ["INBOX"] { levels = [] }
                return naming.mailbox(levels).map {
                    .mailbox($0.text, exists: false, isSubscribed: true, specialUse: [])
                }
            }
        }
        return []
    }

    private static func item(_ row: JSONValue, _ naming: ImportNaming) -> SourceItem? {
        guard let text = row["name"]?.string else { return nil }
        let levels = text == "INBOX" ? [] : text.split(separator: "/").map(String.init)
        return naming.mailbox(levels).map { name in
            .mailbox(
                name.text,
                exists: row["exists"]?.bool ?? true,
                isSubscribed: row["subscribed"]?.bool,
                specialUse: naming.folder == nil ? row["specialUse"]?.strings ?? [] : []
            )
        }
    }
}
