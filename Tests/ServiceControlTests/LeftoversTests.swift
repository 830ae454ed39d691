// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import ServiceControl

@Suite("The folder run")
struct LeftoversTests {
    @Test("What killed lenders left goes at a start, and nothing else")
    func lenders() throws {
        let layout = InstanceLayout(data: "/tmp/martlet-leftovers-\(UInt64.random(in: .min ... .max))")
        try layout.prepare()
        defer {
            for name in Files.names(in: layout.run) { unsafe unlink("\(layout.run)/\(name)") }
            for folder in layout.folders.reversed() { unsafe rmdir(folder) }
        }
        for path in [layout.onDemandSocket("a1"), layout.onDemandSocket("b2"), layout.adminSocket, layout.processFile] {
            try Files.replace(path, with: [])
        }
        layout.removeLeftovers()
        #expect(Files.names(in: layout.run).sorted() == ["admin.sock", "martlet.pid"])
    }
}
