// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Journal

/// When upkeep was done last, and how far a scrub had come: the file `upkeep` of the store.
///
/// Derived: when it is lost or damaged, a scrub begins anew and compaction waits a day.
struct UpkeepRecord: Sendable, Hashable {
    /// Seconds since 1970; 0 for never.
    var compacted: Int64 = 0
    /// When the scrub that is under way, or was last, began and ended; 0 for not yet.
    var scrubBegun: Int64 = 0
    var scrubEnded: Int64 = 0
    /// Segments before this one of this shard are done.
    var shard = 0
    var segment: UInt32 = 0

    init() {}

    /// Blocks.
    init(_ directory: String) {
        let read = WholeFile.contents(directory + "/upkeep", maximum: 4096).flatMap { UpkeepRecord(decoding: $0) }
        self = read ?? UpkeepRecord()
    }

    /// `nil` for anything that was not written by `save`.
    init?(decoding bytes: [UInt8]) {
        var values: [String: Int64] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Int64(words[1]) { values[String(words[0])] = value }
        }
        compacted = values["compacted"] ?? 0
        scrubBegun = values["scrub-begun"] ?? 0
        scrubEnded = values["scrub-ended"] ?? 0
        shard = Int(clamping: values["scrub-shard"] ?? 0)
        segment = UInt32(clamping: values["scrub-segment"] ?? 0)
        guard text == bytes else { return nil }
    }

    private var text: [UInt8] {
        let fields = """
            compacted \(compacted)
            scrub-begun \(scrubBegun)
            scrub-ended \(scrubEnded)
            scrub-shard \(shard)
            scrub-segment \(segment)

            """
        return Array("\(fields)sum \(CRC32C.of(Array(fields.utf8)))\n".utf8)
    }

    /// Blocks.
    ///
    /// Failure is harmless.
    func save(_ directory: String) {
        WholeFile.replace(directory + "/upkeep", with: text, by: directory + "/tmp/upkeep")
    }
}
