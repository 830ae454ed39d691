// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Glibc
import Locking
import Routing
import Testing

@Suite struct CredentialVaultTests {
    private final class Kept: EventSink {
        let numbers = Lock<[UInt16]>([])
        func record(_ event: Event) { numbers.withLock { $0.append(event.definition.number) } }
    }

    @Test func `A password is kept for this user alone, and missed once`() async throws {
        var template = Array("/tmp/martlet-vault-XXXXXX\0".utf8CString)
        let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
        let folder = try #require(made)
        let kept = Kept()
        let vault = CredentialVault(folder: folder, events: EventRecorder(sink: kept))
        for _ in 0..<2 { #expect(await vault.password(of: "relay") == nil) }
        #expect(kept.numbers.withLock { $0 } == [9750])
        for text in ["secret", "another"] {
            try await vault.setPassword(Array(text.utf8), of: "relay")
            #expect(await vault.password(of: "relay") == Array(text.utf8))
        }
        let file = "\(folder)/connector-relay.secret"
        var facts = stat()
        #expect(unsafe stat(file, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        // Others may read it: it is a secret no more.
        #expect(unsafe chmod(file, 0o644) == 0)
        #expect(await vault.password(of: "relay") == nil)
        #expect(await vault.hasPassword(of: "relay"))
        try await vault.setPassword(nil, of: "relay")
        #expect(await !vault.hasPassword(of: "relay"))
        try await vault.setPassword(nil, of: "relay")
        #expect(kept.numbers.withLock { $0 } == [9750, 9750])
        #expect(unsafe rmdir(folder) == 0)
    }
}
