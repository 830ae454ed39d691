// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Testing

@testable import Events

@Suite struct TrackingTests {
    private static func step(_ number: Int, to recipients: String..., stage: TrackingEntry.Stage = .attempt)
        -> TrackingEntry
    {
        var entry = TrackingEntry(stage, "delivered", trace: "trace-\(number)")
        entry.messageID = "<\(number)@example.test>"
        entry.queueID = "q\(number)"
        entry.sender = "Ann@Example.test"
        entry.recipients = recipients
        entry.reply = "250 2.0.0 \"OK\" / and more"
        entry.peer = "mx.example.org"
        entry.next = 1_800_000_000_123_000_000
        entry.octets = 77
        entry.details = ["attempt": "3", "tls": "TLSv1.3"]
        return entry
    }

    private func find(
        _ folder: String,
        id: String? = nil,
        to: String? = nil,
        from: String? = nil,
        trace: String? = nil,
        queue: String? = nil,
        since: Int64? = nil,
        limit: Int = 20
    ) -> TrackingResult {
        var filter = TrackingFilter()
        (filter.messageID, filter.recipient, filter.sender) = (id, to, from)
        (filter.trace, filter.queueID, filter.since) = (trace, queue, since)
        return TrackingReader(folder: folder).find(filter, limit: limit)
    }

    @Test func `What is written is read`() throws {
        var entry = Self.step(1, to: "bob@example.org", "ü@example.org")
        entry.time = 1_790_000_000_123_456_000
        entry.process = "transport-1"
        (entry.user, entry.subject) = ("ann", "Ünïcode\n")
        #expect(TrackingEntry(line: entry.json.encoded) == entry)
    }

    @Test(arguments: ["", "{", "{}", "[]", "{\"time\":\"x\",\"stage\":\"queue\"}", "{\"stage\":\"nothing\"}"])
    func `Other lines are no steps`(line: String) {
        #expect(TrackingEntry(line: Array(line.utf8)) == nil)
    }

    @Test func `Messages are found by all that is known of them`() throws {
        let folder = TemporaryFolder()
        let log = TrackingLog(folder: folder.path + "/tracking", process: "transport-1")
        log.track(Self.step(1, to: "bob@example.org", stage: .receive))
        log.track(Self.step(1, to: "bob@example.org"))
        log.track(Self.step(2, to: "carol@example.net"))
        var null = Self.step(3, to: "ann@example.test")
        null.sender = "<>"
        log.track(null)
        #expect(find(log.folder, id: "1@example.test").messages.isEmpty)
        #expect(log.flush() == 0)
        for id in ["1@example.test", "<1@example.test>"] {
            let found = find(log.folder, id: id)
            #expect(found.messages.map(\.trace) == ["trace-1"] && found.gaps.isEmpty && !found.isCut)
            #expect(found.messages.first?.entries.map(\.stage) == [.receive, .attempt])
        }
        #expect(find(log.folder, to: "CAROL@example.net").messages.map(\.trace) == ["trace-2"])
        #expect(find(log.folder, to: "example.net").messages.map(\.trace) == ["trace-2"])
        #expect(find(log.folder, to: "@example.org").messages.map(\.trace) == ["trace-1"])
        #expect(find(log.folder, to: "carol@").messages.map(\.trace) == ["trace-2"])
        #expect(find(log.folder, to: "ample.net").messages.map(\.trace) == [])
        #expect(find(log.folder, from: "<ann@EXAMPLE.test>").messages.map(\.trace) == ["trace-1", "trace-2"])
        #expect(find(log.folder, from: "<>").messages.map(\.trace) == ["trace-3"])
        #expect(find(log.folder, trace: "trace-2").messages.map(\.trace) == ["trace-2"])
        #expect(find(log.folder, queue: "q3").messages.map(\.trace) == ["trace-3"])
        #expect(find(log.folder, to: "carol@example.net", queue: "q1").messages.map(\.trace) == [])
        #expect(find(log.folder, to: "bob@example.org", from: "example.test").messages.map(\.trace) == ["trace-1"])
        #expect(find(log.folder, since: 0).messages.map(\.trace) == ["trace-1", "trace-2", "trace-3"])
        #expect(find(log.folder, since: .max).messages.map(\.trace) == [])
        let cut = find(log.folder, since: 0, limit: 2)
        #expect(cut.isCut && cut.messages.map(\.trace) == ["trace-2", "trace-3"])
    }

    @Test func `Who dies without a last word is missed, and who closes is not`() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/tracking"
        let killed = TrackingLog(folder: path, process: "transport-1")
        killed.track(Self.step(1, to: "a@b.test"))
        killed.flush()
        killed.track(Self.step(2, to: "a@b.test"))
        // It dies here. The line that was being written is cut.
        let file = try #require(DailyFiles.list(path, "jsonl").first)
        let descriptor = unsafe open("\(path)/\(file.name.text("jsonl"))", O_WRONLY | O_APPEND)
        _ = unsafe write(descriptor, "{\"time\":", 8)
        close(descriptor)
        let next = TrackingLog(folder: path, process: "transport-1")
        next.track(Self.step(3, to: "a@b.test"))
        next.close()
        var found = find(path, to: "b.test")
        #expect(found.messages.map(\.trace) == ["trace-1", "trace-3"])
        #expect(found.gaps.count == 1 && found.gaps.first?.details["last-written"] != nil)
        let third = TrackingLog(folder: path, process: "transport-1")
        third.track(Self.step(4, to: "a@b.test"))
        third.flush()
        found = find(path, trace: "trace-4")
        #expect(found.messages.count == 1 && found.gaps.isEmpty)
    }

    @Test func `A log that cannot be written costs entries, and says how many`() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/tracking"
        // A file where the folder should be.
        close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
        let log = TrackingLog(folder: path, process: "transport-1")
        for number in 0..<10 { log.track(Self.step(number, to: "a@b.test")) }
        #expect(log.flush() == 10)
        unsafe unlink(path)
        for number in 0..<(TrackingLog.maximumWaiting + 5) { log.track(Self.step(number, to: "a@b.test")) }
        #expect(log.flush() == 5)
        let found = find(path, trace: "trace-7")
        #expect(found.messages.count == 1)
        #expect(find(path, since: 0).gaps.first?.reply.contains("15 entries") == true)
    }

    @Test func `Nothing is kept when it is off`() {
        let folder = TemporaryFolder()
        var options = TrackingOptions()
        options.isOn = false
        let log = TrackingLog(folder: folder.path + "/tracking", process: "transport-1", options: options)
        let recorder = EventRecorder(sink: log.none, tracking: log)
        recorder.track(Self.step(1, to: "a@b.test"))
        log.flush()
        #expect(DailyFiles.list(log.folder, "jsonl").isEmpty)
        log.replace(options: TrackingOptions())
        recorder.track(Self.step(1, to: "a@b.test"))
        log.flush()
        #expect(DailyFiles.list(log.folder, "jsonl").count == 1)
    }

    @Test func `The oldest files go when there is too much, and when they are too old`() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/tracking"
        unsafe mkdir(path, 0o700)
        for day in 1...9 {
            let name = DailyFiles.Name(day: "2026-01-0\(day)", process: "backend-1", number: 1).text("jsonl")
            let descriptor = unsafe open("\(path)/\(name)", O_CREAT | O_WRONLY, 0o600)
            ftruncate(descriptor, 1000)
            close(descriptor)
        }
        var options = TrackingOptions()
        options.maximumOctets = 4500
        var file = TrackingFile(folder: path, process: "transport-1")
        file.tidy(options)
        #expect(DailyFiles.list(path, "jsonl").map(\.name.day) == (6...9).map { "2026-01-0\($0)" })
        (options.maximumOctets, options.keptSeconds) = (.max, -60)
        file = TrackingFile(folder: path, process: "transport-1")
        file.tidy(options)
        #expect(DailyFiles.list(path, "jsonl").isEmpty)
    }

    @Test func `Many recipients are continued in the next line`() {
        let folder = TemporaryFolder()
        let log = TrackingLog(folder: folder.path + "/tracking", process: "transport-1")
        var entry = Self.step(1)
        entry.recipients = (0..<1001).map { "r\($0)@example.org" }
        log.track(entry)
        log.flush()
        let found = find(log.folder, to: "r1000@example.org")
        #expect(found.messages.first?.entries.count == 6)
        #expect(found.messages.first?.entries.flatMap(\.recipients).count == 1001)
    }

    @Test(arguments: [
        "x", "2026-11-21-t.jsonl", "2026-11-21-t.0.jsonl", "2026-11-21-t.01.jsonl", "2026-11-21-.1.jsonl",
    ])
    func `Other files are left alone`(name: String) { #expect(DailyFiles.Name(name, "jsonl") == nil) }
}

extension TrackingLog {
    /// A sink for events that keeps none.
    fileprivate var none: any EventSink { Silence() }
}

private struct Silence: EventSink {
    func record(_ event: Event) {}

    /// What the fuzz target holds for any octets.
    @Test(arguments: [
        "{\"time\":\"2026-11-21T21:50:00.162Z\",\"stage\":\"attempt\",\"trace\":\"a/b\",\"recipients\":[\"X@Y.test\"]}",
        "{\"time\":\"2026-11-21T21:50:00Z\",\"stage\":\"queue\",\"sender\":\"<>\",\"messageId\":\" <\\\"q\\\"@x>\"}",
        "{\"time\":\"2026-11-21T21:50:00Z\",\"stage\":\"receive\",\"recipients\":[\"\\u00fc@x\",\"@\"]}",
    ])
    func `A line is read back as it is written, and found by what is in it`(line: String) throws {
        #expect(try TrackingParsers.line(Array(line.utf8)))
        #expect(try !TrackingParsers.line(Array(line.utf8.dropLast())))
    }
}
