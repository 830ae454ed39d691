// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// Turns a source into the body of an import, piece by piece.
final class ImportFeeder: @unchecked Sendable {
    // Safe to hand over: its one user waits for each call to end before it makes the next.
    private static let pieceOctets = 128 << 10
    /// Messages of which it is remembered where they came from, for those that are refused.
    private static let rememberedPlaces = 16_384

    struct Piece: Sendable {
        var octets: [UInt8]
        /// From 0 to 1.
        var progress: Double
    }

    private let source: any ImportSource
    private var reader: (any PieceReader)?
    private var rest: UInt64 = 0
    private var count: Int64 = 0
    private var places: [String] = []

    init(_ source: any ImportSource) { self.source = source }

    var findings: ImportFindings { source.findings }

    /// Where the message came from that is the `number`-th of this run.
    func place(_ number: Int64) -> String {
        let index = Int(number - 1) % Self.rememberedPlaces
        guard number > count - Int64(Self.rememberedPlaces), places.indices.contains(index) else {
            return "message \(number)"
        }
        return places[index]
    }

    /// The next piece of the body; `nil` after the last.
    ///
    /// Blocks.
    func next() throws(FileError) -> Piece? {
        var octets: [UInt8] = []
        octets.reserveCapacity(Self.pieceOctets + (64 << 10))
        while octets.count < Self.pieceOctets {
            if rest > 0 {
                try add(&octets)
            } else if let item = try source.next() {
                begin(item, &octets)
            } else {
                break
            }
        }
        return octets.isEmpty ? nil : Piece(octets: octets, progress: source.progress)
    }

    private func begin(_ item: SourceItem, _ octets: inout [UInt8]) {
        switch item {
        case .mailbox(let name, let exists, let isSubscribed, let specialUse):
            var members = [JSONMember("name", .string(name)), JSONMember("exists", .bool(exists))]
            if let isSubscribed { members.append(JSONMember("subscribed", .bool(isSubscribed))) }
            if !specialUse.isEmpty { members.append(JSONMember("specialUse", .strings(specialUse))) }
            JSONValue.object([JSONMember("mailbox", .object(members))]).append(to: &octets)
            octets.append(ASCII.lf)
        case .message(let message):
            remember(message.place)
            Self.head(message).append(to: &octets)
            octets.append(ASCII.lf)
            switch message.content {
            case .whole(let whole): octets += whole
            case .pieces(let reader): (self.reader, rest) = (reader, message.size)
            }
        }
    }

    private func remember(_ place: String) {
        count += 1
        if places.count < Self.rememberedPlaces {
            places.append(place)
        } else {
            places[Int(count - 1) % Self.rememberedPlaces] = place
        }
    }

    private static func head(_ message: SourceMessage) -> JSONValue {
        var members = [
            JSONMember("mailbox", .string(message.mailbox)),
            JSONMember("date", .integer(message.date.secondsSince1970)),
            JSONMember("zone", .integer(Int64(message.date.zoneMinutes))),
            JSONMember("sha256", .string(Hex.encode(message.sha256))),
        ]
        let system = SystemFlags.names.filter { message.flags.system.contains($0.flag) }.map(\.name)
        if !system.isEmpty { members.append(JSONMember("flags", .strings(system))) }
        if !message.flags.keywords.isEmpty {
            members.append(JSONMember("keywords", .strings(message.flags.keywords.map(\.text))))
        }
        return ["message": .object(members), "octets": .integer(Int64(clamping: message.size))]
    }

    /// More of a large message: exactly as many octets as were announced, or an error.
    private func add(_ octets: inout [UInt8]) throws(FileError) {
        guard let piece = try reader?.next(), UInt64(piece.count) <= rest else {
            throw FileError(path: place(count), code: 5)
        }
        octets += piece
        rest -= UInt64(piece.count)
        if rest == 0 { reader = nil }
    }
}
