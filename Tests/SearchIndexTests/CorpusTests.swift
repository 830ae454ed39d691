// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import SearchIndex
import TestCorpus
import Testing

@Suite(.enabled(if: Corpus.isPresent)) struct CorpusTests {
    @Test("Of real and broken messages, the same is found as by reading them")
    func agreement() throws {
        let messages = Corpus.files.map(\.bytes).filter { $0.count <= 32 << 10 }
        #expect(messages.count > 300)
        let bench = Bench()
        try bench.add(messages, perBlock: 50)
        let wanted: [(String, MessageSearch.Scope)] = [
            ("the", .body), ("mime", .text), ("ü", .text), ("=?", .text), ("<html", .body), (" re: ", .text),
            ("test", .header("Subject")), ("@", .header("from")), ("", .header("content-transfer-encoding")),
            ("boundary", .text), ("日", .text), ("received: from", .text), ("a b", .body),
        ]
        let terms = wanted.map { MessageSearch.Term(SearchNeedle($0.0), in: $0.1) }
        let found = messages.map { MessageSearch.find(terms, in: MessageStructure(parsing: $0), of: $0) }
        for number in terms.indices {
            let run = SidecarSearch(
                bench.sidecar,
                TextSearch(terms, .term(number)),
                Array(messages.indices)
            ) { [keys = bench.keys] in keys[$0] }
            while !run.step() {}
            #expect(run.result.leftOver.isEmpty)
            #expect(run.result.matches == messages.indices.filter { found[$0][number] }, "\(terms[number])")
        }
    }
}
