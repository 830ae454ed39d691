// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// Everything that there is to know of one message.
struct MessageInspection {
    /// What is shown of the header section.
    private static let maximumHeaderOctets: UInt64 = 64 << 10
    private static let pieceOctets: UInt64 = 1 << 20

    private let account: any MailAccount
    private let name: MailboxName
    private let entry: MessageEntry
    private let keywords: [Keyword]

    init(_ account: any MailAccount, _ name: MailboxName, _ uid: UID) async throws(AdminError) {
        let snapshot = try await translated { () throws(MailStoreError) in try await account.snapshot(of: name) }
        guard let entry = snapshot.messages.first(where: { $0.uid == uid }) else {
            throw AdminError(.notFound, "There is no message with UID \(uid) in \(name).")
        }
        self.account = account
        self.name = name
        self.entry = entry
        keywords = snapshot.keywords
    }

    func json() async throws(AdminError) -> JSONValue {
        let summary = try? await account.cachedStructure(of: entry).flatMap { MessageSummary.decode($0) }
        let contents = await readAll()
        let recorded = try await translated { () throws(MailStoreError) in try await account.digest(of: entry) }
        var members = [JSONMember("mailbox", .string(name.text))]
        members += MessageRow.json(entry, keywords: keywords, summary?.envelope)
        members += [
            JSONMember("saved", .string(MailDate(secondsSince1970: entry.savedSeconds).utcText)),
            JSONMember("internalDate", .string(entry.internalDate.internalDateText)),
            JSONMember("segment", .integer(Int64(entry.body.segment))),
            JSONMember("offset", .integer(Int64(clamping: entry.body.offset))),
            JSONMember("sha256", .string(Hex.encode(recorded))),
            JSONMember("sha256IsRight", .bool(contents.digest == recorded)),
            JSONMember("damage", .array(contents.damage.map(Self.range))),
            JSONMember("unreadable", .optional(contents.refusal)),
            JSONMember("structure", summary.map { Self.part($0.root, number: "") } ?? .null),
            JSONMember("header", .strings(contents.header)),
        ]
        return .object(members)
    }

    private struct Contents {
        var digest: [UInt8] = []
        var damage: [Range<UInt64>] = []
        var header: [String] = []
        var refusal: String?
    }

    private func readAll() async -> Contents {
        var contents = Contents()
        let hasher = SHA256Hasher()
        var offset: UInt64 = 0
        do throws(MailStoreError) {
            while offset < entry.size {
                let piece = try await account.read(entry, offset..<min(offset + Self.pieceOctets, entry.size))
                guard !piece.bytes.isEmpty else { break }
                if offset == 0 { contents.header = Self.headerLines(piece.bytes) }
                hasher.add(piece.bytes)
                contents.damage += piece.damaged
                offset += UInt64(piece.bytes.count)
            }
        } catch {
            contents.refusal = error.detail.isEmpty ? error.message : "\(error.message) (\(error.detail))"
        }
        contents.digest = hasher.finish()
        return contents
    }

    /// The lines of the header section, decoded.
    static func headerLines(_ bytes: [UInt8]) -> [String] {
        let bytes = Array(bytes.prefix(Int(maximumHeaderOctets)))
        return HeaderFields(bytes).map { field in
            let name = String(decoding: bytes[field.name.clamped(to: 0..<bytes.count)], as: UTF8.self)
            let value = EncodedWord.decode(HeaderFields(bytes).unfolded(field))
            return name.isEmpty ? value : "\(name): \(value)"
        }
    }

    static func range(_ range: Range<UInt64>) -> JSONValue {
        ["from": .integer(Int64(clamping: range.lowerBound)), "to": .integer(Int64(clamping: range.upperBound))]
    }

    /// A part and those within, numbered as in IMAP (RFC 9051 §6.4.5.1).
    private static func part(_ part: MessagePart, number: String) -> JSONValue {
        var members = [
            JSONMember("part", .string(number)),
            JSONMember("type", .string(text(part.mediaType.type) + "/" + text(part.mediaType.subtype))),
            JSONMember("encoding", .string(part.encoding.map(text) ?? "7bit")),
            JSONMember("size", .integer(Int64(clamping: part.octets))),
            JSONMember("lines", .integer(Int64(clamping: part.lines))),
            JSONMember("header", range(part.header)),
            JSONMember("body", range(part.body)),
        ]
        if let disposition = part.disposition {
            members.append(JSONMember("disposition", .string(text(disposition.kind))))
            if let name = disposition.parameters.value(of: "filename") {
                members.append(JSONMember("filename", .string(EncodedWord.decode(name))))
            }
        }
        let children: [MessagePart] =
            switch part.content {
            case .leaf: []
            case .multipart(let parts): parts
            case .message(_, let root): [root]
            }
        if !children.isEmpty {
            let parts = children.enumerated().map { index, child in
                Self.part(child, number: (number.isEmpty ? "" : number + ".") + String(index + 1))
            }
            members.append(JSONMember("parts", .array(parts)))
        }
        return .object(members)
    }

    private static func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }
}
