// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Catalogue
internal import Events
internal import Glibc
internal import Settings
internal import Testing

@Suite struct ReferenceTests {
    @Test func `Every event has its own number and name, a text, a cause and an action`() {
        #expect(eventCatalogue.lint == [])
    }

    @Test func `Every setting has its own path, a help and a default that is allowed`() {
        #expect(settingsTree.lint == [])
    }

    /// With MARTLET_UPDATE_DOCS=1 in the environment the files are written anew instead.
    @Test(arguments: [("settings.md", settingsTree.markdown), ("events.md", eventCatalogue.markdown)])
    func `The reference in docs is current; script/docs renews it`(name: String, text: String) throws {
        let path = packageFolder + "/docs/" + name
        if unsafe getenv("MARTLET_UPDATE_DOCS") != nil {
            let fd = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
            let bytes = Array(text.utf8)
            try #require(unsafe write(fd, bytes, bytes.count) == bytes.count)
            close(fd)
        }
        #expect(content(of: path) == text, "run script/docs")
    }

    private var packageFolder: String {
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    }

    private func content(of path: String) -> String {
        let fd = unsafe open(path, O_RDONLY)
        guard fd >= 0 else { return "" }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe read(fd, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
