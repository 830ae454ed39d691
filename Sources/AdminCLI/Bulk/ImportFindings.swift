// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What was odd in the source of an import, by number, with a few places of each kind.
struct ImportFindings: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case unreadable = "files that cannot be read"
        case empty = "files of 0 octets"
        case foreign = "files that are no mbox"
        case brokenSeparators = "separators without a date"
        case missingEmptyLines = "separators without an empty line before them"
        case skippedOctets = "octets before the first separator"
        case wrongLengths = "Content-Length fields that are wrong"
        case nulls = "messages with NUL octets (kept as they are)"
        case names = "folders whose name cannot be a mailbox's"
        case refused = "messages that the store refused"

        /// Whether something was left out.
        var isLoss: Bool {
            switch self {
            case .unreadable, .foreign, .skippedOctets, .names, .refused: true
            case .empty, .brokenSeparators, .missingEmptyLines, .wrongLengths, .nulls: false
            }
        }

        /// For JSON.
        var name: String {
            switch self {
            case .unreadable: "unreadable"
            case .empty: "empty"
            case .foreign: "foreign"
            case .brokenSeparators: "brokenSeparators"
            case .missingEmptyLines: "missingEmptyLines"
            case .skippedOctets: "skippedOctets"
            case .wrongLengths: "wrongLengths"
            case .nulls: "nulls"
            case .names: "names"
            case .refused: "refused"
            }
        }
    }

    private static let maximumPlaces = 5
    private var found: [Kind: (count: UInt64, places: [String])] = [:]

    var isLoss: Bool { found.keys.contains(where: \.isLoss) }

    mutating func add(_ kind: Kind, _ place: String, count: UInt64 = 1) {
        guard count > 0 else { return }
        var entry = found[kind] ?? (0, [])
        entry.count += count
        if entry.places.count < Self.maximumPlaces { entry.places.append(place) }
        found[kind] = entry
    }

    mutating func add(_ others: ImportFindings) {
        for (kind, entry) in others.found {
            for (number, place) in entry.places.enumerated() {
                add(kind, place, count: number == 0 ? entry.count - UInt64(entry.places.count - 1) : 1)
            }
        }
    }

    var lines: [String] {
        Kind.allCases.compactMap { kind in
            found[kind].map { entry in
                let places = entry.places.map { "    " + PrintableText.escaped($0) }
                let more = entry.count > entry.places.count && kind != .skippedOctets ? ["    ..."] : []
                return (["  \(entry.count) \(kind.rawValue):"] + places + more).joined(separator: "\n")
            }
        }
    }

    var json: JSONValue {
        .object(
            Kind.allCases.compactMap { kind in
                found[kind].map { entry in
                    JSONMember(
                        kind.name,
                        ["count": .integer(Int64(clamping: entry.count)), "places": .strings(entry.places)]
                    )
                }
            }
        )
    }
}
