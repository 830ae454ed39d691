// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import TestCorpus
import Testing

@Suite(.enabled(if: Corpus.isPresent, "the shared corpus is not here"))
struct CorpusTests {
    @Test func everyFileParsesConsistently() {
        #expect(Corpus.files.count > 400)
        for (name, bytes) in Corpus.files {
            let structure = MessageStructure(parsing: bytes)
            let problems = inconsistencies(of: structure, in: bytes)
            #expect(problems.isEmpty, "\(name): \(problems)")
            let summary = MessageSummary(structure: structure)
            #expect(MessageSummary.decode(summary.encode()) == summary, "\(name)")
        }
    }

    /// At 20 places of each small file; the fuzz target MessageStructure goes to all.
    @Test func everyFileCutSomewhereParses() {
        for (name, bytes) in Corpus.files where bytes.count <= 3_000 {
            for end in stride(from: bytes.count % 20, to: bytes.count, by: max(1, bytes.count / 20)) {
                let cut = Array(bytes[..<end])
                let structure = MessageStructure(parsing: cut)
                let problems = inconsistencies(of: structure, in: cut)
                #expect(problems.isEmpty, "\(name) cut at \(end): \(problems)")
            }
        }
    }

    @Test func everySummaryCutAnywhereIsRefused() {
        for (name, bytes) in Corpus.files where bytes.count <= 400 {
            let encoded = MessageSummary(parsing: bytes).encode()
            for end in encoded.indices {
                #expect(MessageSummary.decode(Array(encoded[..<end])) == nil, "\(name) cut at \(end)")
            }
        }
    }
}
