// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Locking
internal import Testing

@Suite struct EventReaderTests {
    private let folder = TemporaryFolder()
    private let day: Int64 = 86_400_000_000_000
    private let noon: Int64 = 1_795_262_400_000_000_000

    private func line(_ definition: EventDefinition, at time: Int64, _ number: Int64 = 0) -> [UInt8] {
        let json: JSONValue = [
            "time": .string(Timestamp.text(nanoseconds: time)), "id": .integer(Int64(definition.number)),
            "name": .string(definition.name), "type": .string(definition.type.rawValue), "process": "p", "pid": 1,
            "text": "T", "fields": ["n": .integer(number)],
        ]
        return json.encoded + [0x0A]
    }

    private func read(_ change: (inout EventFilter) -> Void = { _ in }) -> [UInt16] {
        var filter = EventFilter()
        change(&filter)
        return EventReader(folder: folder.path).last(1000, filter).map(\.number)
    }

    @Test func `Damaged lines are passed over and torn ones give their last event`() {
        let good = line(.sampleInformation, at: noon)
        folder.append(good)
        folder.append([0, 0xFF, 0x0A, 0x0A] + Array("{}\n[]\nnull\n{\"time\":\"x\",\"id\":1}\n".utf8))
        folder.append(good.prefix(30) + line(.sampleError, at: noon))
        folder.append([UInt8](repeating: 0x41, count: 3 << 20) + [0x0A])
        folder.append(line(.otherAudit, at: noon))
        folder.append(Array(good.dropLast()))
        #expect(read() == [65_001, 65_002, 65_003])
    }

    @Test func `Filters by source, number, level, time and trace`() {
        folder.append(line(.sampleInformation, at: noon - 2 * day), to: "events.jsonl.1")
        folder.append(line(.sampleError, at: noon - day))
        folder.append(line(.otherAudit, at: noon))
        #expect(read { $0.sources = ["sample"] } == [65_001, 65_002])
        #expect(read { $0.sources = ["sample.part", "other"] } == [65_002, 65_003])
        #expect(read { $0.sources = ["samp"] } == [])
        #expect(read { $0.numbers = [65_003, 65_001] } == [65_001, 65_003])
        #expect(read { $0.level = .notice } == [65_002, 65_003])
        #expect(read { $0.since = noon - day } == [65_002, 65_003])
        #expect(read { $0.since = noon + 1 } == [])
        #expect(read { $0.trace = "x" } == [])
        #expect(EventReader(folder: folder.path).last(1, EventFilter()).map(\.number) == [65_003])
        #expect(EventReader(folder: folder.path).last(-1, EventFilter()).isEmpty)
    }

    @Test func `Old files that ended before the wanted time are not read`() {
        folder.append(line(.sampleError, at: noon), to: "events.jsonl.1")
        var times = utimbuf(actime: 1000, modtime: 1000)
        unsafe utime("\(folder.path)/events.jsonl.1", &times)
        folder.append(line(.otherAudit, at: noon))
        #expect(read { $0.since = noon - day } == [65_003])
    }

    @Test(
        arguments: [
            ("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800), ("1w", 604_800), ("0s", 0),
            ("999999999999999999999h", nil), ("h", nil), ("", nil), ("-1h", nil), ("1", nil), ("1y", nil),
            ("1.5h", nil),
        ] as [(String, Int64?)]
    )
    func `How long ago`(text: String, seconds: Int64?) {
        #expect(EventFilter.moment(text, now: noon) == seconds.map { noon - $0 * 1_000_000_000 })
        #expect(EventFilter.moment("2026-11-21T12:00:00Z", now: 0) == noon)
        #expect(EventFilter.moment("15000w", now: noon) == 0)
    }

    @Test func `Following goes on across rotation, from several writers`() async {
        let folder = folder
        folder.append(line(.otherAudit, at: noon))
        let isDone = Lock(false)
        var options = EventLogOptions()
        options.usesJournal = false
        options.maximumOctets = 20_000
        options.filesKept = 100
        let logs = (0..<3).map { _ in EventLog(folder: folder.path, process: "t", options: options) }
        async let followed = Self.follow(folder, until: { isDone.withLock { $0 } })
        for number in 0..<300 {
            for log in logs { EventRecorder(sink: log).record(.sampleInformation, ["n": .count(number)]) }
            usleep(1000)
        }
        usleep(500_000)
        isDone.withLock { $0 = true }
        let numbers = await followed
        #expect(numbers.filter { $0 == 65_003 }.count == 1)
        #expect(numbers.filter { $0 == 65_001 }.count == 900)
        #expect(folder.names.count > 2)
    }

    @Test func `Following misses no file, however quickly they are put aside`() async {
        let folder = folder
        folder.append(line(.otherAudit, at: noon))
        let isDone = Lock(false)
        async let followed = Self.follow(folder, until: { isDone.withLock { $0 } })
        for number in (1...5).reversed() { folder.append(line(.sampleInformation, at: noon), to: "next.\(number)") }
        usleep(300_000)
        for number in 1...5 {
            for old in (0..<number).reversed() {
                let name = old == 0 ? "events.jsonl" : "events.jsonl.\(old)"
                unsafe rename("\(folder.path)/\(name)", "\(folder.path)/events.jsonl.\(old + 1)")
            }
            unsafe rename("\(folder.path)/next.\(number)", "\(folder.path)/events.jsonl")
        }
        usleep(500_000)
        isDone.withLock { $0 = true }
        #expect(await followed == [65_003] + [UInt16](repeating: 65_001, count: 5))
    }

    @concurrent
    private static func follow(_ folder: TemporaryFolder, until isDone: @Sendable () -> Bool) async -> [UInt16] {
        var numbers: [UInt16] = []
        EventReader(folder: folder.path).follow(EventFilter(), goesOn: { !isDone() }) { entry in
            numbers.append(entry.number)
            return true
        }
        return numbers
    }

    @Test func `Following can begin with the last few and end when told`() {
        for number in 0..<10 { folder.append(line(.sampleInformation, at: noon, Int64(number))) }
        var seen: [Int64] = []
        EventReader(folder: folder.path).follow(EventFilter(), showingLast: 3) { entry in
            seen.append(entry.fields.first?.value.integer ?? -1)
            return seen.count < 3
        }
        #expect(seen == [7, 8, 9])
    }

    @Test func `The line for people is one safe line`() throws {
        let json: JSONValue = [
            "time": "2026-11-21T07:16:47.123456Z", "id": 9190, "name": "events.dropped", "type": "warning",
            "process": "imap\u{1B}", "pid": 4, "text": "Lost.", "trace": "t",
            "fields": ["a": "plain", "b": "two words", "c": 3, "d": ["x\n"]],
        ]
        let entry = try #require(EventEntry(line: json.encoded))
        #expect(
            entry.line
                == "2026-11-21 07:16:47.123 warning 9190 events.dropped [imap\\u{1B}] Lost. trace=t a=plain "
                + "b=\"two words\" c=3 d=[\"x\\n\"]"
        )
    }
}

@Suite struct EventCatalogueTests {
    @Test func `The lint finds what must not ship`() {
        let good = [EventDefinition.sampleInformation, .sampleError, .otherAudit] + eventLogEvents
        #expect(EventCatalogue(good).lint == [])
        let bad = EventCatalogue(
            good + [
                EventDefinition(65_001, "a.b", .error, text: "t", cause: "c", action: "a"),
                EventDefinition(0, "sample.happened", .error, text: "", cause: "", action: ""),
                EventDefinition(5, "Bad", .error, text: "t", cause: "c", action: "a"),
            ]
        )
        #expect(bad.lint.count == 7)
    }

    @Test func `The reference holds every event`() {
        let text = EventCatalogue(eventLogEvents).markdown
        #expect(text.contains("| [9190](#9190) | `events.dropped` | warning | Events were lost"))
        #expect(text.contains("## 9190\n\n`events.dropped`, warning. Events were lost"))
        #expect(text.contains("- Action: Free space"))
    }
}
