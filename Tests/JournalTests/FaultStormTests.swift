// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: disks that fail at random, and kills")
struct FaultStormTests {
    /// A disk on which one write in five and one sync in ten goes wrong.
    private func options() -> JournalOptions {
        var options = JournalOptions()
        options.segmentOctets = 60_000
        options.faults = JournalFaults(
            write: { octets in
                switch Int.random(in: 0..<20) {
                case 0: .failure(FaultErrno(ENOSPC))
                case 1: .failure(FaultErrno(EIO))
                case 2, 3: .success(Int.random(in: 1...octets))
                default: .success(octets)
                }
            },
            sync: { Int.random(in: 0..<10) == 0 ? EIO : 0 },
            lengthen: { Int.random(in: 0..<2) == 0 ? ENOSPC : 0 },
            create: { Int.random(in: 0..<4) == 0 ? ENOSPC : 0 }
        )
        return options
    }

    @Test("Starts, ends and kills between failures: nothing counts as lost, and what was acknowledged is there once")
    func restarts() async throws {
        var place = TemporaryJournal()
        var options = options()
        options.segmentOctets = 2000
        var kept: [String] = []
        for round in 0..<60 {
            let journal = try place.open(options)
            #expect(journal.recovery.damage.isEmpty, "round \(round)")
            #expect(try journal.texts() == kept, "round \(round)")
            for index in 0..<Int.random(in: 0..<12) {
                let text = "\(round).\(index)"
                do throws(JournalError) {
                    _ = try await journal.append([note(text, body: pattern(index * 50))])
                    kept.append(text)
                } catch {}
                if Int.random(in: 0..<8) == 0 { try? await journal.seal() }
            }
            // What is left of a killed one is what was there before its end.
            let copy = place.copy()
            await journal.close()
            if Bool.random() { place = copy }
            if Int.random(in: 0..<4) == 0 { place.dropCheckpoints() }
        }
        #expect(kept.count > 60)
    }

    @Test("Whatever fails, what was acknowledged is there once, what was refused is not, and the journal goes on")
    func storm() async throws {
        let place = TemporaryJournal()
        let journal = try place.open(options())
        let kept = Lock<[UInt64: [String]]>([:])
        let refused = Lock(0)
        await withTaskGroup(of: Void.self) { group in
            for task in UInt64(1)...8 {
                group.addTask {
                    for index in 0..<40 {
                        let text = "\(task).\(index)"
                        let body = index % 3 == 0 ? [] : pattern(index * 100, seed: UInt8(index))
                        do throws(JournalError) {
                            _ = try await journal.append([
                                note(text, stream: task, body: body), note(text + "+", stream: task),
                            ])
                            kept.withLock { $0[task, default: []] += [text, text + "+"] }
                        } catch {
                            refused.withLock { $0 += 1 }
                        }
                    }
                }
            }
        }
        #expect(refused.withLock { $0 } > 0, "nothing failed")
        #expect(kept.withLock { $0.count } == 8)
        for (task, texts) in kept.withLock({ $0 }) { #expect(try journal.texts(of: task) == texts) }
        let copy = place.copy()
        await journal.close()
        copy.dropCheckpoints()
        for folder in [place, copy] {
            let again = try folder.open()
            #expect(again.recovery.damage.isEmpty)
            for (task, texts) in kept.withLock({ $0 }) { #expect(try again.texts(of: task) == texts) }
            for number in again.sealedSegments.map(\.number) {
                for item in try again.items(of: number) {
                    guard case .intact = item else {
                        Issue.record("\(item)")
                        continue
                    }
                }
            }
            await again.close()
        }
    }

    @Test("A batch whose write fails in the middle leaves nothing behind, and the next one goes through")
    func fullInMidBatch() async throws {
        let place = TemporaryJournal()
        let disk = Disk()
        let journal = try place.open(disk.options)
        for (index, fault) in [ENOSPC, EIO, EDQUOT].enumerated() {
            disk.writes.withLock { $0 = [.success(200_000), .success(1), .failure(FaultErrno(fault))] }
            await #expect(throws: JournalError.self) {
                try await journal.append([note("x", body: pattern(300_000)), note("y", body: pattern(300_000))])
            }
            _ = try await journal.append([note("\(index)", body: pattern(1000))])
        }
        #expect(try journal.texts() == ["0", "1", "2"])
        #expect(journal.activeSegment == 1, "a failed write is taken back; the segment goes on")
        #expect(try journal.items(of: 1).count == 3)
        await journal.close()
    }

    @Test("A kill at any moment leaves what was acknowledged, with and without checkpoints and sidecars")
    func kills() async throws {
        let place = TemporaryJournal()
        var options = JournalOptions()
        options.segmentOctets = 9000
        let journal = try place.open(options)
        var ends: [(position: RecordPosition, end: Int)] = []
        for index in 0..<45 {
            let body = pattern(index * 37 % 900)
            let position = try await journal.append([note("\(index)", body: body)])[0]
            ends.append((position, place.contents(position.segment).count))
        }
        await journal.indexed()
        let copy = place.copy()
        await journal.close()
        let last = ends[44].position.segment
        #expect(last > 2)
        let bytes = copy.contents(last)
        for round in 0..<60 {
            let length = round == 0 ? bytes.count : Int.random(in: 0...bytes.count)
            let cut = copy.copy()
            cut.replace(last, Array(bytes[..<length]))
            if round % 3 == 1 { cut.dropCheckpoints() }
            if round % 3 == 2 { for number in 1...last { unsafe unlink(cut.index(number)) } }
            let again = try cut.open(options)
            let kept = ends.indices.filter { ends[$0].position.segment < last || ends[$0].end <= length }
            #expect(try again.texts() == kept.map(String.init), "cut at \(length)")
            #expect(again.recovery.damage.isEmpty && again.recovery.doubtful.isEmpty)
            _ = try await again.append([note("next")])
            #expect(try again.texts().last == "next")
            await again.close()
        }
    }
}
