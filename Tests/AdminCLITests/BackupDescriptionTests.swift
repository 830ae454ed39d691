// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Testing

@testable import AdminCLI

@Suite struct BackupDescriptionTests {
    private var sample: BackupDescription {
        var description = BackupDescription(made: 1_770_000_000)
        description.stores = 2
        description.files = ["directory.db", "martlet.conf", "backend-1/MANIFEST", "backend-2/MANIFEST"].map {
            BackupDescription.File(path: $0, sha256: String(repeating: "0a", count: 32))
        }
        return description
    }

    @Test func `What is written is read`() throws {
        #expect(BackupDescription(sample.json) == sample)
        #expect(BackupDescription(try JSONValue(parsing: Array(sample.json.indented.utf8))) == sample)
        var bare = sample
        bare.files.removeAll { $0.path == "martlet.conf" }
        #expect(BackupDescription(bare.json) == bare)
    }

    @Test(arguments: [
        ("directory.db", "../directory.db"), ("backend-2/MANIFEST", "backend-3/MANIFEST"),
        ("backend-2/MANIFEST", "backend-1/MANIFEST"), ("martlet.conf", "/etc/passwd"), ("0a0a", "0a"),
        ("martlet-backup", "other"), ("\"version\":1", "\"version\":2"), ("\"stores\":2", "\"stores\":0"),
        ("\"stores\":2", "\"stores\":65"), ("\"stores\":2", "\"stores\":1"), ("\"stores\":2", "\"stores\":3"),
        ("\"made\":1770000000", "\"made\":\"now\""), ("\"files\":[", "\"files\":[1,"),
    ])
    func `Anything that is not a whole backup is refused`(part: String, other: String) throws {
        let text = String(decoding: sample.json.encoded, as: UTF8.self)
        #expect(text.contains(part))
        let json = try JSONValue(parsing: Array(text.replacing(part, with: other, maxReplacements: 1).utf8))
        #expect(BackupDescription(json) == nil)
    }
}
