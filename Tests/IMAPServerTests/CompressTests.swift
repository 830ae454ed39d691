// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Runtime
import Testing

@Suite("COMPRESS=DEFLATE (RFC 4978)", .timeLimit(.minutes(20)))
struct CompressTests {
    @Test("What follows the answer is compressed, in both directions, once")
    func compress() async throws {
        try await Dialogue().loggedOn { client in
            try await client.expect("COMPRESS LZW", ["NO [CANNOT] DEFLATE is what there is"])
            try await client.expect("COMPRESS deflate", ["OK DEFLATE active"])
            try await client.connection.startDeflate(received: [])
            try await client.expect("STATUS INBOX (MESSAGES)", ["STATUS INBOX (MESSAGES 0)", "OK STATUS completed"])
            try await client.expect(
                "COMPRESS DEFLATE",
                ["NO [COMPRESSIONACTIVE] What goes over the connection is compressed already"]
            )
            #expect(try await client.run("CAPABILITY")[0].contains("COMPRESS=DEFLATE") == false)
        }
    }
}
