// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Glibc
internal import Testing

@Suite struct CompletionTests {
    private let program = TestProgram()

    private func script(_ shell: String) -> String {
        let path = "\(program.folder)/completion.\(shell)"
        let bytes = Array(program.run("completion \(shell)").output.utf8)
        let fd = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        _ = unsafe write(fd, bytes, bytes.count)
        close(fd)
        return path
    }

    private static func isInstalled(_ shell: String) -> Bool {
        ["/bin", "/usr/bin", "/usr/local/bin"].contains { unsafe access("\($0)/\(shell)", X_OK) == 0 }
    }

    /// Runs a command line of a shell and answers with what it writes.
    private func shell(_ line: String) -> (output: String, status: Int32) {
        guard let pipe = unsafe popen("\(line) 2>&1", "r") else { return ("", -1) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe fread(&bytes, 1, bytes.count, pipe)
        let status = unsafe pclose(pipe)
        return (String(decoding: bytes.prefix(count), as: UTF8.self), status)
    }

    @Test(arguments: ["bash", "zsh", "fish"].filter { CompletionTests.isInstalled($0) })
    func `The shell finds no fault in its script`(name: String) {
        let (output, status) = shell("\(name) -n \(script(name))")
        #expect(status == 0)
        #expect(output == "")
    }

    @Test(
        .enabled(if: CompletionTests.isInstalled("bash")),
        arguments: [
            ("martlet set", "settings"), ("martlet settings un", "unset"), ("martlet metabase g", "get"),
            ("martlet settings get imap/sh", "imap/share-retry-attempts"), ("martlet --data /x settings un", "unset"),
            ("martlet events --lev", "--level"), ("martlet events --level wa", "warning"),
            ("martlet service mode imap fl", "flush"), ("martlet work", ""),
            ("martlet account add --password-s", "--password-stdin"),
        ]
    )
    func `bash completes`(line: String, word: String) {
        let words = line.split(separator: " ").map { "'\($0)'" }
        let run =
            "source \(script("bash")); COMP_WORDS=(\(words.joined(separator: " "))); "
            + "COMP_CWORD=\(words.count - 1); _martlet; echo \"${COMPREPLY[*]}\""
        #expect(
            shell("bash -c \"\(run.replacing("\"", with: "\\\"").replacing("$", with: "\\$"))\"").output == word + "\n"
        )
    }

    @Test func `Every command that is not hidden is in every script`() {
        for shell in ["bash", "zsh", "fish"] {
            let text = program.run("completion \(shell)").output
            for word in ["rollback", "--follow", "password", "imap/share-retry-attempts", "metabase"] {
                #expect(text.contains(word) || (shell == "fish" && text.contains(word.drop { $0 == "-" })))
            }
            #expect(!text.contains("Run a worker"))
        }
    }
}
