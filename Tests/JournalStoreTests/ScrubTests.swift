// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Journal
import JournalStore
import Settings
import Testing

@Suite("The embedded engine: a scrub that is ended goes on")
struct ScrubTests {
    /// Segments before this one are done.
    private func position(_ harness: StoreHarness) -> Int {
        let text = String(decoding: WholeFile.contents(harness.directory + "/upkeep") ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("scrub-segment ") }
        return line.flatMap { Int($0.dropFirst(14)) } ?? 0
    }

    @Test("Ended by a restart in the middle, it reads the rest and no more")
    func resuming() async throws {
        let harness = try await StoreHarness.small()
        try await harness.fillSparsely()
        let all = try await harness.journalStore.scrubNow()
        #expect(all.segments > 4)
        await harness.close()
        WholeFile.replace(harness.directory + "/upkeep", with: [])
        // A few segments a second.
        harness.settings.replace(
            with: SettingsSnapshot(texts: ["store/scrub-interval": "1d", "store/upkeep-rate": "64 KiB"])
        )
        try await harness.open()
        let slow = Task { [store = harness.journalStore] in await store.runUpkeep(lookingEvery: .milliseconds(10)) }
        while position(harness) < 3 { try await Task.sleep(for: .milliseconds(10)) }
        slow.cancel()
        await slow.value
        let done = position(harness)
        #expect(done < all.segments && harness.events.count(of: 9262) == 1)
        await harness.close()
        harness.settings.replace(
            with: SettingsSnapshot(texts: ["store/scrub-interval": "1d", "store/upkeep-rate": "0"])
        )
        try await harness.open()
        let rest = Task { [store = harness.journalStore] in await store.runUpkeep(lookingEvery: .milliseconds(10)) }
        while harness.events.count(of: 9262) < 2 { try await Task.sleep(for: .milliseconds(10)) }
        rest.cancel()
        await rest.value
        // Closing and opening has sealed one more.
        let segments = harness.events.field("store.segments", of: 9262)
        let range = (all.segments - done + 1)...(all.segments - done + 3)
        #expect(
            range.contains { segments == .count($0) },
            "\(String(describing: segments)) of \(all.segments), \(done)"
        )
        await harness.close()
    }
}
