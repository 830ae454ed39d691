// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailStore
import Testing

@Suite("METADATA (RFC 5464)", .timeLimit(.minutes(20)))
struct MetadataTests {
    @Test("Values are kept with a mailbox as they came, and go with NIL")
    func mailbox() async throws {
        try await Dialogue().loggedOn { client in
            try await client.talk(
                """
                C: a SETMETADATA INBOX (/private/Comment {4+}
                """
            )
            try await client.send("a\r\nb /shared/x ~{3+}\r\n1\02 /shared/empty \"\")\r\n")
            #expect(try await client.receive() == "a OK SETMETADATA completed")
            try await client.expect(
                "GETMETADATA inbox (/private/comment /SHARED/X /shared/empty /shared/none /shared/x)",
                [
                    "METADATA INBOX (/private/comment {4}\r\na\r\nb /shared/x ~{3}\r\n1\02 /shared/empty \"\" /shared/none NIL)",
                    "OK GETMETADATA completed",
                ]
            )
            try await client.expect("SETMETADATA INBOX (/private/comment NIL)", ["OK SETMETADATA completed"])
            try await client.expect(
                "GETMETADATA INBOX /private/comment",
                ["METADATA INBOX (/private/comment NIL)", "OK GETMETADATA completed"]
            )
            #expect(try await client.run("GETMETADATA none /private/comment")[0].hasPrefix("NO [NONEXISTENT]"))
            #expect(try await client.run("SETMETADATA none (/private/comment x)")[0].hasPrefix("BAD"))
            #expect(try await client.run("SETMETADATA none (/private/comment \"x\")")[0].hasPrefix("NO [NONEXISTENT]"))
        }
    }

    @Test("DEPTH and MAXSIZE, in front of the mailbox and behind it")
    func options() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run(
                "SETMETADATA Sent (/private/f \"0\" /private/f/a \"12345\" /private/f/a/b \"123\" /private/fg \"x\")"
            )
            for (options, expected) in [
                ("(DEPTH 0)", "/private/f \"0\""), ("(DEPTH 1)", "/private/f \"0\" /private/f/a \"12345\""),
                ("(DEPTH infinity)", "/private/f \"0\" /private/f/a \"12345\" /private/f/a/b \"123\""),
            ] {
                for command in ["GETMETADATA \(options) Sent /private/f", "GETMETADATA Sent \(options) (/private/f)"] {
                    try await client.expect(command, ["METADATA Sent (\(expected))", "OK GETMETADATA completed"])
                }
            }
            try await client.expect(
                "GETMETADATA (MAXSIZE 3 DEPTH infinity) Sent /private/f",
                [
                    "METADATA Sent (/private/f \"0\" /private/f/a/b \"123\")",
                    "OK [METADATA LONGENTRIES 5] GETMETADATA completed",
                ]
            )
            try await client.expect("GETMETADATA (DEPTH 1) Sent /private/none", ["OK GETMETADATA completed"])
        }
    }

    @Test("With a depth, what lies above entries can be asked for, though it is none itself")
    func above() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run(
                "SETMETADATA Sent (/shared/vendor/acme/a \"1\" /shared/vendor/acme/b/c \"2\" /shared/comment \"3\")"
            )
            for (prefix, expected) in [
                ("(DEPTH 1) Sent /shared/vendor/acme", "/shared/vendor/acme/a \"1\""),
                (
                    "(DEPTH infinity) Sent /shared/vendor/acme",
                    "/shared/vendor/acme/a \"1\" /shared/vendor/acme/b/c \"2\""
                ),
                ("(DEPTH 1) Sent /Shared", "/shared/comment \"3\""),
                (
                    "(DEPTH infinity) Sent (/shared /private/vendor)",
                    "/shared/comment \"3\" /shared/vendor/acme/a \"1\" /shared/vendor/acme/b/c \"2\""
                ),
            ] {
                try await client.expect(
                    "GETMETADATA \(prefix)",
                    ["METADATA Sent (\(expected))", "OK GETMETADATA completed"]
                )
            }
            #expect(try await client.run("GETMETADATA (DEPTH 0) Sent /shared")[0].hasPrefix("BAD"))
        }
    }

    @Test("LIST tells annotations of the mailboxes that it lists (RFC 9590)")
    func list() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("SETMETADATA Sent (/shared/comment \"x\" /private/comment \"y\")")
            try await client.run("CREATE a/b")
            try await client.run("DELETE a")
            try await client.expect(
                "LIST (SPECIAL-USE) \"\" Sent RETURN (METADATA (/shared/Comment /shared/comment))",
                [
                    "LIST (\\HasNoChildren \\Sent) \"/\" Sent", "METADATA Sent (/shared/comment \"x\")",
                    "OK LIST completed",
                ]
            )
            try await client.expect(
                "LIST \"\" (S* a*) RETURN (STATUS (MESSAGES) METADATA (/private/comment /private/none))",
                [
                    "LIST (\\HasNoChildren \\Sent) \"/\" Sent", "STATUS Sent (MESSAGES 0)",
                    "METADATA Sent (/private/comment \"y\" /private/none NIL)",
                    "LIST (\\NonExistent \\HasChildren) \"/\" a", "LIST (\\HasNoChildren) \"/\" a/b",
                    "STATUS a/b (MESSAGES 0)", "METADATA a/b (/private/comment NIL /private/none NIL)",
                    "OK LIST completed",
                ]
            )
            #expect(try await client.run("LIST \"\" % RETURN (METADATA (/comment))")[0].hasPrefix("BAD"))
        }
    }

    @Test("What all users share of the server is set by its administrator; private entries are the user's")
    func server() async throws {
        var dialogue = Dialogue()
        dialogue.configuration.administrator = "mailto:root@example.test"
        try await dialogue.loggedOn { client in
            #expect(try await client.run("SETMETADATA \"\" (/shared/comment \"x\")")[0].hasPrefix("NO [NOPERM]"))
            try await client.expect("SETMETADATA \"\" (/private/vendor/v/x \"y\")", ["OK SETMETADATA completed"])
            try await client.expect(
                "GETMETADATA \"\" (/shared/admin /shared/comment /private/vendor/v/x)",
                [
                    "METADATA \"\" (/shared/admin \"mailto:root@example.test\" /shared/comment NIL /private/vendor/v/x \"y\")",
                    "OK GETMETADATA completed",
                ]
            )
        }
    }

    @Test("What is too large or too much is refused, and nothing of it is kept")
    func limits() async throws {
        try await Dialogue().loggedOn { client in
            let large = String(repeating: "x", count: AnnotationLimits.valueOctets + 1)
            let value = "{\(large.utf8.count)+}\r\n\(large)"
            try await client.send("a SETMETADATA INBOX (/private/a \"1\" /private/b \(value))\r\n")
            #expect(try await client.receive().hasPrefix("a NO [METADATA MAXSIZE 16384] "))
            let many = (0...AnnotationLimits.entries).map { "/private/e\($0) \"x\"" }.joined(separator: " ")
            #expect(try await client.run("SETMETADATA INBOX (\(many))")[0].hasPrefix("NO [METADATA TOOMANY] "))
            try await client.expect(
                "GETMETADATA (DEPTH infinity) INBOX (/private/a /private/e1)",
                ["OK GETMETADATA completed"]
            )
        }
    }
}
