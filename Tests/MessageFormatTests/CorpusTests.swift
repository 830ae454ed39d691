// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
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

    @Test func everyFileCutAnywhereParses() {
        for (name, bytes) in Corpus.files where bytes.count <= 800 {
            for end in bytes.indices {
                let cut = Array(bytes[..<end])
                let structure = MessageStructure(parsing: cut)
                guard end % 16 == 0 else { continue }
                let problems = inconsistencies(of: structure, in: cut)
                #expect(problems.isEmpty, "\(name) cut at \(end): \(problems)")
            }
        }
    }

    @Test func everySummaryCutAnywhereIsRefused() {
        for (name, bytes) in Corpus.files where bytes.count <= 700 {
            let encoded = MessageSummary(parsing: bytes).encode()
            for end in encoded.indices {
                #expect(MessageSummary.decode(Array(encoded[..<end])) == nil, "\(name) cut at \(end)")
            }
        }
    }
}
